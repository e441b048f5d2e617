/* catalog.h - the spaces of a memory: names to numbers, schemas, dropping. Numbers are never reused. */
#ifndef EPI_STORE_CATALOG_H
#define EPI_STORE_CATALOG_H

#include <episodic/space.h>

#include "../format/record.h"
#include "table.h"

/* A schema with everything it points to in an arena. */
typedef struct epi__schema_copy {
    epi_schema schema;
    epi__arena arena;
} epi__schema_copy;

epi_status epi__schema_check(const epi_schema *schema); /* EPI_EINVAL EPI_EUTF8 EPI_ELIMIT, with the role */
/* The schema with every default filled in. */
epi_status epi__schema_copy_of(epi__schema_copy **copy, const epi_schema *schema);
void epi__schema_copy_free(epi__schema_copy *copy);
/* Place of a role, or -1. */
int epi__schema_role(const epi_schema *schema, const char *name, size_t name_size);
uint64_t epi__schema_tensor_size(const epi_role *role); /* bytes */
uint32_t epi__dtype_size(epi_dtype dtype);              /* 0: unknown */

/* Finds or makes a space, as epi_space_open() does. */
epi_status epi__catalog_open(uint32_t *space, epi__schema_copy **schema, epi__store *store, const char *name,
                             const epi_schema *wanted);
/* The record of an encoder's generation; its views borrow from the transaction. EPI_ENOTFOUND: there is none. */
epi_status epi__generation_get(epi__generation_record *record, epi__txn *txn, uint32_t space, uint64_t number);
epi_status epi__generation_put(epi__change *change, uint64_t number, const epi__generation_record *record);

epi_status epi__catalog_list(epi__store *store, bool (*visit)(void *context, const char *name, uint32_t space),
                             void *context);
epi_status epi__catalog_drop(uint32_t *space, epi__store *store, const char *name);
/* Removes the records of dropped spaces, at most `batches` bounded transactions of them (0: all). */
epi_status epi__catalog_reclaim(epi__store *store, unsigned batches);

#endif
