/* jsonl.h - a line of a JSONL file as its readers see it: jsonl.c for rows, jsonl_columns.c for columns. */
#ifndef EPI_TRANSFER_JSONL_H
#define EPI_TRANSFER_JSONL_H

#include "transfer.h"

typedef struct epi__jsonl {
    epi__sink *sink;
    epi__line line;
    epi_json *root;    /* of the line */
    epi__arena arena;  /* decoded values of the line */
    epi__map episodes; /* number in the file -> 1, for each that was met */
    const epi_schema *schema;
    uint64_t episode_count; /* of the current space */
    uint64_t step_count;
    bool complete; /* no space is open, or its end line was read */
} epi__jsonl;

epi_status epi__jsonl_fail(const epi__jsonl *r, const char *what); /* EPI_EFORMAT at the line */
/* A number of the file: 1 and above; 0 when it is absent. */
epi_status epi__jsonl_number(uint64_t *number, const epi__jsonl *r, const char *name, bool required);
epi_status epi__jsonl_base64(const void **data, size_t *size, epi__jsonl *r, const epi_json *value, const char *name);
epi_status epi__jsonl_flags(uint32_t *flags, const epi__jsonl *r);

/* Lines of a space that keeps columns. */
epi_status epi__jsonl_recorder(epi__jsonl *r);
epi_status epi__jsonl_row(epi__jsonl *r);

#endif
