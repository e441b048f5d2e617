/* schema_record.h - a schema as a record, and whether two are the same. */
#ifndef EPI_STORE_SCHEMA_RECORD_H
#define EPI_STORE_SCHEMA_RECORD_H

#include "catalog.h"

void epi__schema_encode(epi__buffer *out, const epi_schema *schema);
epi_status epi__schema_decode(epi__schema_copy **copy, epi__view body);
/* EPI_ESCHEMA says what differs. `wanted` may leave defaults open. */
epi_status epi__schema_same(const epi_schema *stored, const epi_schema *wanted, const char *space);
epi_status epi__schema_text_check(const char *what, const char *text);

#endif
