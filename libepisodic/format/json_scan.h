/* json_scan.h - the checks on JSON text that come before its parser; for format/json.c only. */
#ifndef EPI_FORMAT_JSON_SCAN_H
#define EPI_FORMAT_JSON_SCAN_H

#include <episodic/sys/json.h>

#include "../base/base.h"

/* An integer of more digits than a double keeps: the ordinal-th number of the text, counted from 0. */
typedef struct epi__json_integer {
    uint64_t ordinal;
    int64_t value;
} epi__json_integer;

/* Passes over the tokens of `text`; what order they may stand in is the parser's business.
 * Appends an epi__json_integer to `integers` for every long integer that fits 64 bits.
 * EPI_EUTF8 · EPI_EJSON · EPI_ELIMIT · EPI_ENOMEM */
epi_status epi__json_scan(epi__buffer *integers, const char *text, size_t size);

/* EPI_EJSON with the line and column of an offset, counted from 1, columns in characters. */
epi_status epi__json_fail_at(const char *text, size_t offset, const char *problem);

#endif
