/* columnar.h - what memory asks of a space that keeps its steps in columns; defined by the layer above, in column/.
 *
 * A mirror of such a space has `columns`. Memory brings them up to date and commits them as it does all else, and hands
 * over what counts, removes and checks steps.
 */
#ifndef EPI_MEMORY_COLUMNAR_H
#define EPI_MEMORY_COLUMNAR_H

#include <episodic/episode.h>

#include "check.h"
#include "mirror.h"

#define EPI__PRESET_COLUMNS "transitions"

/* EPI_EINVAL: the schema is for columns, and its roles cannot be. */
epi_status epi__columnar_schema_check(const epi_schema *schema);
/* *columns is NULL where the mirror's schema is of another preset. */
epi_status epi__columnar_new(struct epi__columns **columns, epi__mirror *mirror);
void epi__columnar_free(struct epi__columns *columns);
/* With the mirror to oneself. `anew`: nothing that was derived before holds. */
epi_status epi__columnar_catch_up(epi__mirror *mirror, epi__txn *txn, const epi__state *state, bool anew);
epi_status epi__columnar_commit(epi__mirror *mirror); /* under the mirror's pending_mutex */
void epi__columnar_stats(epi_space_stats *stats, const epi__state *state);
/* Removes the steps and episodes that a filter names. */
epi_status epi__columnar_remove(uint64_t *removed, epi__mirror *mirror, const epi_filter *filter, bool dry_run);
/* The check of tables 70 to 76. */
epi_status epi__columnar_check(epi__check *check, uint8_t table, epi__view key, epi__view body);
epi_status epi__columnar_check_end(epi__check *check); /* what can only be judged when all records were seen */

/* EPI_ESCHEMA for calls that a columnar space does not answer. */
epi_status epi__columnar_refuse(const epi__mirror *mirror, const char *what);

#endif
