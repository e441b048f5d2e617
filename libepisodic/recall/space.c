/* space.c - hits kept apart. What stands beside a hit is shown with it as its scene, so a second hit there brings
 * little; and when a cue asks for several things ("which books ..."), they seldom stand in one episode.
 *
 * Hits are taken one by one, the best first; each lowers those that are left beside it (crowd), and for such cues those
 * of its episode (several). What was taken off is evidence like any other, so scores stay sums, and they fall from hit
 * to hit because nothing is ever given back.
 *
 * Source: maximal marginal relevance, Carbonell and Goldstein 1998; nearness of steps takes the place of similarity.
 */
#include "../text/text.h"
#include "search.h"

#define BESIDE 2 /* places apart that count as one place */

typedef struct lowering {
    double crowd; /* weights */
    double several;
} lowering;

static double lowered(const epi__found *found, const lowering *by) {
    return found->score + by->crowd * found->beside + by->several * found->same_episode;
}

static bool better(const epi__found *x, const epi__found *y, const lowering *by) {
    double a = lowered(x, by), b = lowered(y, by);
    return a != b ? a > b : x->step < y->step;
}

static void note(epi__found *left, const epi__found *taken) {
    if (left->episode != taken->episode) return;
    uint64_t apart = left->index > taken->index ? left->index - taken->index : taken->index - left->index;
    left->same_episode += 1.0;
    if (apart <= BESIDE) left->beside += 1.0;
}

void epi__space_out(epi__found *found, size_t count, size_t k, const epi__query *query) {
    const lowering by = {query->profile.crowd, query->asks & EPI__ASKS_SEVERAL ? query->profile.several : 0.0};
    for (size_t at = 0; at < count && at < k; at++) {
        size_t best = at;
        for (size_t i = at + 1; i < count; i++)
            if (better(&found[i], &found[best], &by)) best = i;
        epi__found taken = found[best];
        found[best] = found[at];
        found[at] = taken;
        epi__evidence_add(&found[at], "crowd", taken.beside, by.crowd);
        epi__evidence_add(&found[at], "several", taken.same_episode, by.several);
        for (size_t i = at + 1; i < count; i++) note(&found[i], &found[at]);
    }
}
