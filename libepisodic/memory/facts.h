/* facts.h - the entries by which facts are found: folded subject, 00, folded attribute, 00, since when, step, place. */
#ifndef EPI_MEMORY_FACTS_H
#define EPI_MEMORY_FACTS_H

#include "../format/record.h"
#include "../store/table.h"

#define EPI__FACT_KEY_TAIL 17u                          /* bytes of time, step and place */
#define EPI__FACT_KEY_SIZE_MIN (5u + EPI__FACT_KEY_TAIL) /* with the space and the table */

/* The key of the fact at a place of a step's list. EPI_ELIMIT: a name is too long once it is folded. */
epi_status epi__fact_key(epi__key *key, uint32_t space, const epi__fact *fact, uint64_t step, uint8_t place);
/* What all keys of a subject begin with, of one attribute or of any; attribute.data NULL: any. With subject.data NULL
 * that of the table. */
epi_status epi__fact_prefix(epi__key *key, uint32_t space, epi__view subject, epi__view attribute);

/* The entries of a step; facts as its row has them. */
epi_status epi__facts_put(epi__change *change, uint64_t step, epi__view facts);
epi_status epi__facts_remove(epi__change *change, uint64_t step, epi__view facts);

#endif
