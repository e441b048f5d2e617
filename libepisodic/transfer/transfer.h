/* transfer.h - inside of import and export: the sink that all formats pour into, and what they share.
 *
 * A format reads its file and tells the sink of spaces, episodes and steps in order; the sink knows of batches, of
 * what is there already, of progress, and of the place in the file that an error is about. Formats use the public API
 * for all that touches a memory; only what is kept of columns is read beside it.
 */
#ifndef EPI_TRANSFER_TRANSFER_H
#define EPI_TRANSFER_TRANSFER_H

#include <episodic/recall.h>
#include <episodic/sys/json.h>
#include <episodic/transfer.h>

#include "../base/base.h"

#define EPI__IMPORT_BATCH_COUNT 256u              /* steps of one transaction, and episodes */
#define EPI__IMPORT_BATCH_SIZE (4u * 1024 * 1024) /* or bytes, whichever comes first */

/* ---- sink.c: into the memory ----------------------------------------------------------------------------------- */

/* A step on its way in. All it points to is copied by epi__sink_step(). */
typedef struct epi__incoming {
    epi_step step;
    size_t place;   /* number of the entry or line it comes from */
    uint64_t local; /* its id in the file; 0: none */
    bool forgotten;
} epi__incoming;

/* An episode that pending steps go to, one stretch after the other. What it points to lies in the sink's arena. */
typedef struct epi__incoming_episode {
    uint64_t episode;          /* gone on with; 0: it is begun */
    epi_episode_options begin; /* how; or, with an external id, found again */
    uint64_t local;            /* its number in the file; 0: none */
    bool keep_title;           /* when it exists with another title, that one stays */
    bool first;                /* told by the format, rather than gone on with */
    bool ended;
    epi_outcome outcome;
    size_t count; /* of steps */
} epi__incoming_episode;

typedef struct epi__rows_sink epi__rows_sink;

typedef struct epi__sink {
    epi_memory *memory;
    const epi_import_options *options;
    epi_import_report *report;
    const char *unit; /* what `place` counts: "entry" or "line" */
    epi_space *space; /* NULL before the first */
    epi__rows_sink *rows; /* of a space that keeps columns; NULL: it keeps rows */
    bool fresh;           /* the space was empty: nothing has to be looked up */
    uint64_t newest;      /* greatest step id that was returned */
    epi__incoming_episode episodes[EPI__IMPORT_BATCH_COUNT];
    size_t episode_count;
    uint64_t episode; /* the current one, where it is stored and none is pending */
    uint64_t local;   /* its number in the file */
    epi__incoming pending[EPI__IMPORT_BATCH_COUNT];
    size_t count;
    size_t size;          /* bytes of the pending values */
    epi__arena arena;     /* what pending steps and episodes point to */
    epi__map episode_ids; /* number in the file -> episode id, of the current space */
    epi__map ids;         /* local id -> step id, of the current space */
    uint64_t done;    /* shown as progress: whatever the format counts */
    uint64_t total;
} epi__sink;

void epi__sink_dispose(epi__sink *sink);
/* Goes on with another space; what is pending is stored first. */
epi_status epi__sink_space(epi__sink *sink, const char *name, const epi_schema *schema);
/* Begins or resumes an episode, which is the current one from then on. `keep_title`: when it exists with another title,
 * that one stays. local: its number in the file, for coming back to it; 0: none. */
epi_status epi__sink_episode(epi__sink *sink, uint64_t local, const epi_episode_options *options, bool keep_title);
/* Comes back to an episode of the file; it was begun with an external id. */
epi_status epi__sink_resume(epi__sink *sink, uint64_t local);
epi_status epi__sink_step(epi__sink *sink, const epi__incoming *incoming);
epi_status epi__sink_flush(epi__sink *sink);
/* sink_store.c: stores what is pending. ids: of the steps, 0 where one was not stored. */
epi_status epi__sink_store(epi__sink *sink, uint64_t *ids, const bool *was_there);
epi_status epi__sink_progress(const epi__sink *sink); /* EPI_ECANCELLED: the caller wants no more */
/* Ends the current episode. */
epi_status epi__sink_end(epi__sink *sink, const epi_outcome *outcome);
/* EPI_EFORMAT about a place: "entry 3: speaker is not a string". */
epi_status epi__sink_fail(const epi__sink *sink, size_t place, const char *format, ...) EPI__PRINTF(3, 4);

/* ---- import_columns.c: into a space that keeps columns ---------------------------------------------------------- */

/* A step on its way in. What it points to is copied. */
typedef struct epi__row_in {
    size_t place;    /* line */
    size_t recorder; /* number in the file, from 1 */
    uint32_t lane;
    uint64_t episode; /* number in the file */
    uint64_t given;   /* bit of each role that has a value */
    epi__view values[EPI_PART_COUNT_MAX];
    epi__view next; /* observation; NULL: none */
    uint32_t flags; /* EPI_STEP_TERMINATED, EPI_STEP_TRUNCATED */
} epi__row_in;

/* *rows is NULL where the sink's space keeps no columns. */
epi_status epi__rows_sink_new(epi__rows_sink **rows, epi__sink *sink);
void epi__rows_sink_free(epi__rows_sink *rows);
size_t epi__rows_recorders(const epi__rows_sink *rows);
/* The file's next recorder. */
epi_status epi__rows_recorder(epi__rows_sink *rows, size_t place, const char *name, uint32_t lanes);
epi_status epi__rows_step(epi__rows_sink *rows, const epi__row_in *row);
epi_status epi__rows_flush(epi__rows_sink *rows);

/* ---- export_columns.c ------------------------------------------------------------------------------------------- */

/* epi_export() of a space that keeps columns; with `lost`, and a mirror for it, epi_export_salvage(). */
epi_status epi__export_columns(epi_salvage_report *lost, epi_space *space,
                               bool (*write)(void *context, const char *text, size_t size), void *context);

/* ---- entries.c: a JSON document or JSONL as a list of entries -------------------------------------------------- */

typedef struct epi__entry {
    const epi_json *value;
    size_t place; /* from 1: number in the array, or line */
} epi__entry;

typedef struct epi__entries {
    epi_json **roots;
    size_t root_count;
    epi__entry *items; /* elements of the array, or the values of the lines, or the one value */
    size_t count;
    const char *unit;
} epi__entries;

typedef struct epi__line {
    const char *text;
    size_t size;
    size_t number;
} epi__line;

/* The next line that is not blank; starts from {text, 0, 0}; false at the end. */
bool epi__line_next(epi__line *line, const char *text, size_t size);
/* Parses all of it. EPI_EFORMAT when empty; JSON errors name the line. */
epi_status epi__entries_read(epi__entries *entries, const char *text, size_t size);
void epi__entries_dispose(epi__entries *entries);

/* ---- values.c: JSON values, base64, external ids --------------------------------------------------------------- */

/* Writes a copy of a value. */
void epi__json_copy(epi_json_writer *writer, const char *name, const epi_json *value);
/* The value as compact JSON in `out` (cleared first). */
epi_status epi__json_text(epi__buffer *out, const epi_json *value);
/* Whether reading `text` and writing it gives the same bytes, and it is an object or array. Fails only with
 * EPI_ENOMEM. */
epi_status epi__json_is_plain(bool *plain, const char *text, size_t size);
/* The string of a member; NULL when it is absent, no string or empty. */
const char *epi__json_text_of(const epi_json *object, const char *name);

void epi__base64_encode(epi__buffer *out, const void *data, size_t size);
/* RFC 4648 section 4, padded, nothing else in it; false otherwise. Appends to out. */
bool epi__base64_decode(epi__buffer *out, const char *text, size_t size);

#define EPI__DERIVED_ID_SIZE 64u
/* Writes "<prefix>:<32 hex digits of the hash of data>". */
void epi__derived_id(char out[EPI__DERIVED_ID_SIZE], const char *prefix, const void *data, size_t size);

/* ---- schema.c: a schema as JSON -------------------------------------------------------------------------------- */

void epi__schema_write(epi_json_writer *writer, const char *name, const epi_schema *schema);
/* Fills schema and roles (room for EPI_PART_COUNT_MAX) with borrowed names. NULL when good, else what was wrong. */
const char *epi__schema_read(epi_schema *schema, epi_role *roles, const epi_json *value);

/* ---- one file per format --------------------------------------------------------------------------------------- */

epi_status epi__import_locomo(epi__sink *sink, const epi__entries *entries);
epi_status epi__import_openai(epi__sink *sink, const epi__entries *entries);
epi_status epi__import_chatgpt(epi__sink *sink, const epi__entries *entries);
epi_status epi__import_mcp(epi__sink *sink, const epi__entries *entries);
epi_status epi__import_mem0(epi__sink *sink, const epi__entries *entries);
epi_status epi__import_agent(epi__sink *sink, const char *text, size_t size);
epi_status epi__import_jsonl(epi__sink *sink, const char *text, size_t size);

#endif
