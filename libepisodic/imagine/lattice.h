/* lattice.h - how far the roles of a space's events constrain each other, and so how plausible a combination of values
 * is that was never seen.
 *
 * Roles are bits, a set of them a mask. A(S) counts the pairs of stored events that agree in all of S. Knowing that two
 * events agree in c makes them agree in r more often, beyond what the rest R of S tells, by the factor
 *     A(S) A(R) / (A(S-c) A(S-r)),    S = R + r + c,
 * which is 1 where r and c do not constrain each other given R. Its inverse d(S) is the chance that values possible
 * without S are possible with it: were all combinations of a share d possible and the rest not, agreement would be
 * concentrated on that share. The split of S that constrains least counts, so that what pairs explain is not held
 * against a triple too.
 */
#ifndef EPI_IMAGINE_LATTICE_H
#define EPI_IMAGINE_LATTICE_H

#include <episodic/events.h>

#include "stories.h"

#define EPI__MASKS (1u << EPI_EVENT_ROLES_MAX)
#define EPI__LATTICE_ROWS_MAX 20000u /* events that agreement is counted over; of more, the newest */

/* The bundles of a question, checked. */
typedef struct epi__frame {
    size_t role_count;
    int roles[EPI_EVENT_ROLES_MAX];        /* places in the schema, bundle by bundle */
    uint8_t bundle_of[EPI_EVENT_ROLES_MAX];
    uint32_t bundles[EPI_EVENT_ROLES_MAX]; /* masks */
    size_t bundle_count;
} epi__frame;

typedef struct epi__lattice {
    epi__frame frame;
    const epi__stories *stories;
    uint32_t *values; /* row_count x role_count: only the frame's roles */
    uint32_t *rows;   /* of the stories: those with a value in every bundle */
    size_t row_count;
    double agree[EPI__MASKS];         /* A(S); below 0: not counted yet */
    double share[EPI__MASKS];         /* d(S) */
    uint8_t split[EPI__MASKS][2];     /* r and c */
    uint32_t sets[EPI__MASKS];        /* the S that plausibility is made of */
    uint32_t outside[EPI__MASKS];     /* of a set that is a bundle and one role more: that role's bit; else 0 */
    size_t set_count;
    size_t link[EPI_EVENT_ROLES_MAX][2]; /* bundle > 0: role of an earlier bundle, role of this one to join across */
    struct epi__lattice *next;
} epi__lattice;

/* The lattice of a frame, made on first use, owned by the stories. */
epi_status epi__lattice_of(const epi__lattice **lattice, epi__stories *stories, const epi__frame *frame);

/* Counts of one combination of values. */
typedef struct epi__counts {
    size_t with[EPI__MASKS]; /* events that agree in all of a set */
    size_t nearest;          /* most roles shared with one event */
} epi__counts;

/* values: numbers of values, one a role of the frame; 0: unknown. */
void epi__lattice_count(epi__counts *counts, const epi__lattice *lattice, const uint32_t *values);
/* Plausibility; *least is that of the least likely set. */
double epi__lattice_plausibility(double *least, const epi__lattice *lattice, const epi__counts *counts,
                                 const uint32_t *values);
/* Stored events that have its least supported bundle. */
size_t epi__lattice_support(const epi__lattice *lattice, const epi__counts *counts, const uint32_t *values);

#endif
