/* component.h - values kept once per space under the hash of their bytes, and counted.
 *
 * A value of at most EPI_INLINE_SIZE_MAX bytes stays in its row. A larger one is a component: key (hash, ordinal),
 * where the ordinal tells apart values whose hashes are equal (bytes are compared on every hit). A component with one
 * use has no count record; from the second use on, the share table holds the number. The last use gone, the component
 * goes in the same transaction.
 */
#ifndef EPI_STORE_COMPONENT_H
#define EPI_STORE_COMPONENT_H

#include "../format/record.h"
#include "table.h"

/* Stores the bytes, or counts one more use; fills everything of *value but its role. */
epi_status epi__component_put(epi__value *value, epi__change *change, const void *data, size_t size);
/* Takes one use away. A value that is inline costs nothing. */
epi_status epi__component_drop(epi__change *change, const epi__value *value);
/* The bytes of a value, inline or not; borrowed as a view. */
epi_status epi__component_get(epi__view *data, epi__txn *txn, uint32_t space, const epi__value *value);

#endif
