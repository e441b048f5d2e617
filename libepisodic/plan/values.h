/* values.h - values of pairs and states over a tabular model, and the backups that make them true.
 *
 * A backup computes a pair's value from its outcomes' rewards and the values of the states they lead to. Values are
 * settled when no backup would change one by more than the tolerance.
 */
#ifndef EPI_PLAN_VALUES_H
#define EPI_PLAN_VALUES_H

#include <episodic/policy.h>

#include "../imagine/model.h"
#include "../imagine/queue.h"

typedef struct epi__values {
    const epi__model *model;
    double discount, unknown_value, tolerance;
    bool maximum;          /* of the outcomes, instead of their mean */
    const double *penalty; /* of each pair, taken off its mean; NULL: none */
    double floor;          /* nothing with a penalty is worth less */

    double *q; /* of each pair */
    double *v; /* of each state: of its best pair; unknown_value where none was tried */
    uint32_t pair_count, state_count; /* that have a value yet */
    uint32_t visit_count;             /* that were taken in */
    epi__queue queue;                 /* pairs by how much a backup would change them */
} epi__values;

/* What limits sweeping, and what it did. */
typedef struct epi__effort {
    uint64_t backups_left;
    uint64_t deadline_us; /* monotonic; 0: none */
    uint64_t backups, changed;
} epi__effort;

void epi__values_dispose(epi__values *values);
/* Pairs and states that the model has gained have a value, and what was visited since is queued. */
epi_status epi__values_grow(epi__values *values);
void epi__values_queue_all(epi__values *values); /* where rewards or penalties may have changed everywhere */
void epi__values_sweep_back(epi__values *values, epi__effort *effort); /* every pair once, the newest visits first */
void epi__values_settle(epi__values *values, epi__effort *effort);

/* What a pair is worth when the states after it are worth v: the backup itself. */
double epi__values_backup(const epi__values *values, const double *v, uint32_t pair);
/* The expectation of something that every outcome's next state has. */
double epi__values_expected(const epi__model *model, uint32_t pair, const double *of_next, double unknown);

#endif
