/* tune.c - coordinate search. No gradient, because recall at k is a step function; and no random restarts, so that the
 * same file gives the same weights. A step must raise the score by more than a hair, or noise would wander.
 */
#include "tune.h"

#define HALVINGS 3
#define ROUNDS_MAX 4
#define GAIN_MIN 1e-6

typedef struct climb {
    double *weights;
    const tune_axis *axes;
    tune_score score;
    void *context;
    double best;
} climb;

/* Moves along one axis while that helps. */
static bool move(climb *c, size_t axis, double by) {
    bool moved = false;
    for (;;) {
        double before = c->weights[axis];
        double after = before + by;
        if (after < c->axes[axis].low) after = c->axes[axis].low;
        if (after > c->axes[axis].high) after = c->axes[axis].high;
        if (after == before) return moved;
        c->weights[axis] = after;
        double score = c->score(c->context, c->weights);
        if (score <= c->best + GAIN_MIN) {
            c->weights[axis] = before;
            return moved;
        }
        c->best = score;
        moved = true;
    }
}

double tune_coordinates(double *weights, const tune_axis *axes, size_t count, tune_score score, void *context) {
    climb c = {weights, axes, score, context, score(context, weights)};
    double share = 1.0;
    for (int halving = 0; halving < HALVINGS; halving++, share /= 2.0) {
        bool moved = true;
        for (int round = 0; moved && round < ROUNDS_MAX; round++) {
            moved = false;
            for (size_t i = 0; i < count; i++) {
                double step = axes[i].step * share;
                if (step > 0.0 && (move(&c, i, step) || move(&c, i, -step))) moved = true;
            }
        }
    }
    return c.best;
}
