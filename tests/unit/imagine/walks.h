/* walks.h - stored walks to imagine from: a line, a square of random walks, and two islands. */
#ifndef WALKS_H
#define WALKS_H

#include "place.h"

epi_space *walks_space(place *p, const char *name);
/* An episode through the given places (count x 2, at most 65), the last of them its end, where it is cut unless
 * last_flags say that it terminated; rewards 1 a step. Returns the id of its first step. */
uint64_t walks_add(epi_space *space, const float *places, size_t count, uint32_t last_flags);
/* Random walks in the square from (x, y) to (x + side, y + side), actions the displacement. */
void walks_fill(epi_space *space, float x, float y, float side, size_t episodes, uint64_t seed);
epi_situation walks_at(const float place[2]);
epi_goal walks_to(const float place[2], double tolerance);
/* Every step is what the space has under its id, to the bit, and each once. */
void walks_assert_stored(epi_space *space, const epi_rollout *rollout);
/* Pieces are runs of one episode, one after another, and each join leads into the piece behind it. */
void walks_assert_whole(const epi_rollout *rollout);

#endif
