/* best_first.c - A* from the start to the goal, over places merged into cells.
 *
 * Rows are many and places alike: of the nodes in one cell only the best few are expanded. Cells are as large as they
 * may be for the number of places to stay small, and are halved when that finds no way; in the end they are half a
 * local step, where nearly every row counts.
 *
 * The heuristic is the length of the way by which steps were taken (regions.h) over the longest step. To far goals it
 * counts more than once, since doubt makes a step cost several: the way found may cost so many times what the best
 * would, and is found among far fewer places.
 *
 * Source: Hart, Nilsson and Raphael 1968; the weight is of Pohl 1970, "Heuristic search viewed as path finding in a
 * graph".
 */
#include <math.h>

#include "search.h"

#define CELL_EXPANSIONS 2u /* of one cell */
#define NEAR_STEPS 80.0    /* to a goal at twice the distance the heuristic counts twice ... */
#define WEIGHT_MAX 5.0     /* ... but no more than so often */
#define HOP_STEPS 64u      /* of one piece in one cell */

typedef struct entry {
    double estimate;
    uint32_t node;
} entry;

typedef struct frontier {
    epi__search *search;
    entry *heap;
    size_t count, capacity;
    epi__map cells; /* hash of a cell -> expansions */
    double cell;
    double weight; /* of the heuristic */
    double shift; /* of the grid, from the seed */
} frontier;

static bool earlier(const entry *a, const entry *b) {
    return a->estimate != b->estimate ? a->estimate < b->estimate : a->node < b->node;
}

static epi_status push(frontier *f, uint32_t node) {
    const epi__search *s = f->search;
    if (f->count == f->capacity) {
        size_t more = f->capacity ? f->capacity * 2 : 1024;
        entry *heap = epi__realloc(f->heap, more, sizeof *heap);
        if (!heap) return epi__fail_memory("imagine", more * sizeof *heap);
        f->heap = heap;
        f->capacity = more;
    }
    entry one = {s->nodes[node].cost + f->weight * epi__goal_steps(&s->goal, epi__search_place(s, node)), node};
    size_t i = f->count++;
    for (; i > 0 && earlier(&one, &f->heap[(i - 1) / 2]); i = (i - 1) / 2) f->heap[i] = f->heap[(i - 1) / 2];
    f->heap[i] = one;
    return EPI_OK;
}

static uint32_t pop(frontier *f) {
    uint32_t node = f->heap[0].node;
    entry last = f->heap[--f->count];
    size_t i = 0;
    for (size_t child; (child = 2 * i + 1) < f->count; i = child) {
        if (child + 1 < f->count && earlier(&f->heap[child + 1], &f->heap[child])) child++;
        if (!earlier(&f->heap[child], &last)) break;
        f->heap[i] = f->heap[child];
    }
    f->heap[i] = last;
    return node;
}

static bool is_closed(void *context, const float *place) {
    const frontier *f = context;
    uint64_t count = 0;
    uint64_t cell = epi__neighbours_cell_of(place, f->search->traces->observation_size, f->cell, f->shift);
    return epi__map_get(&f->cells, cell, &count) && count >= CELL_EXPANSIONS;
}

/* Counts one more expansion of a node's cell; false: it has had enough. */
static epi_status enter_cell(bool *fresh, frontier *f, uint32_t node) {
    uint64_t count = 0, hash = epi__search_cell(f->search, node, f->cell, f->shift);
    (void)epi__map_get(&f->cells, hash, &count);
    *fresh = count < CELL_EXPANSIONS;
    return epi__map_put(&f->cells, hash, count + 1) ? EPI_OK : epi__fail_memory("imagine", sizeof hash);
}

static epi_status expand(frontier *f, uint32_t node) {
    epi__search *s = f->search;
    bool fresh = false;
    EPI__TRY(enter_cell(&fresh, f, node));
    if (!fresh) return EPI_OK;
    uint32_t first = (uint32_t)s->count;
    EPI__TRY(epi__search_expand(s, node, HOP_STEPS));
    for (uint32_t made = first; made < s->count; made++) EPI__TRY(push(f, made));
    return EPI_OK;
}

static epi_status run(frontier *f) {
    epi__search *s = f->search;
    for (uint32_t start = 0; start < s->starts; start++) EPI__TRY(push(f, start));
    while (f->count > 0 && s->found_count < s->options->k && !epi__search_spent(s)) {
        uint32_t node = pop(f);
        bool wanted = s->nodes[node].at_goal && node >= s->starts;
        if (wanted && epi__search_novelty(s, node) >= s->options->novelty_min)
            s->found[s->found_count++] = node;
        else
            EPI__TRY(expand(f, node));
    }
    return EPI_OK;
}

static double weight_of(const epi__search *search) {
    double least = INFINITY;
    if (search->options->heuristic) return 1.0; /* the caller's own is taken at its word */
    for (uint32_t start = 0; start < search->starts; start++)
        least = fmin(least, epi__goal_steps(&search->goal, epi__search_place(search, start)));
    return fmin(fmax(least / NEAR_STEPS, 1.0), WEIGHT_MAX);
}

epi_status epi__best_first(epi__search *search) {
    epi__random random = epi__random_seed(search->options->seed);
    double least = epi__neighbours_step_length(search->traces, epi__search_place(search, 0)) / 2.0;
    double cell = EPI__MAX(epi__neighbours_cell(search->traces), least);
    if (search->options->step) cell = least; /* a step of a model rarely leaves a larger one */
    frontier f = {.search = search, .weight = weight_of(search), .shift = epi__random_unit(&random)};
    epi_status status = EPI_OK;
    search->is_closed = search->options->context < 2 ? is_closed : NULL;
    search->closed_context = &f;
    for (;; cell /= 2.0) {
        f.cell = search->hop = cell;
        f.count = 0;
        epi__map_clear(&f.cells);
        epi__search_restart(search);
        search->reason = EPI_STOP_UNREACHABLE;
        status = run(&f);
        if (status || search->found_count > 0 || search->reason != EPI_STOP_UNREACHABLE || cell <= least) break;
    }
    if (search->found_count > 0) search->reason = EPI_STOP_GOAL;
    search->is_closed = NULL;
    epi__free(f.heap);
    epi__map_dispose(&f.cells);
    return status;
}
