/* merge.c - merging observations into states.
 *
 * Idea: states are kept in cells of a hash map. With radius 0 the cell is the whole observation. Otherwise space is cut
 * into cubes as wide as the radius, by the first three dimensions; what lies within the radius is then in the same cube
 * or in one beside it. Few dimensions tell enough apart: the distance itself is computed over all of them.
 * Invariant: a state is in the chain of its cell; hashes of two cells that are equal only make the chain longer.
 * Ownership: the caller's struct owns its arrays until epi__merge_dispose().
 */
#include "merge.h"

#include <math.h>

#define MODULE "graph"
#define GRID_DIMENSION_MAX 3u
#define CELL_MAX 0x1p52 /* past it neighbouring cells are no different doubles */

epi_status epi__merge_init(epi__merge *merge, uint32_t dimension, double radius, uint32_t count_max) {
    *merge = (epi__merge){.dimension = dimension, .radius = radius, .count_max = count_max};
    merge->query = epi__alloc(dimension * sizeof *merge->query);
    return merge->query ? EPI_OK : epi__fail_memory(MODULE, dimension * sizeof *merge->query);
}

void epi__merge_dispose(epi__merge *merge) {
    epi__map_dispose(&merge->cells);
    epi__free(merge->centres);
    epi__free(merge->next);
    epi__free(merge->query);
    *merge = (epi__merge){0};
}

/* Equal numbers must be equal bytes: -0 + 0 is 0. */
static void take_query(const epi__merge *merge, const float *observation) {
    for (uint32_t i = 0; i < merge->dimension; i++) merge->query[i] = observation[i] + 0.0f;
}

static uint64_t exact_cell(const epi__merge *merge) {
    return epi__hash64(merge->query, merge->dimension * sizeof *merge->query);
}

/* The cube of the query, moved by -1, 0 or 1 in each of the dimensions that the grid has. */
static uint64_t grid_cell(const epi__merge *merge, const int *move) {
    int64_t cell[GRID_DIMENSION_MAX] = {0};
    for (uint32_t i = 0; i < EPI__MIN(merge->dimension, GRID_DIMENSION_MAX); i++) {
        double at = floor((double)merge->query[i] / merge->radius);
        cell[i] = (int64_t)fmax(-CELL_MAX, fmin(CELL_MAX, at)) + move[i];
    }
    return epi__hash64(cell, sizeof cell);
}

static uint32_t first_of(const epi__merge *merge, uint64_t cell) {
    uint64_t state;
    return epi__map_get(&merge->cells, cell, &state) ? (uint32_t)state : EPI__NO_ID;
}

static double distance_squared(const float *a, const float *b, uint32_t dimension) {
    double sum = 0;
    for (uint32_t i = 0; i < dimension; i++) {
        double d = (double)a[i] - (double)b[i];
        sum += d * d;
    }
    return sum;
}

static uint32_t find_equal(const epi__merge *merge) {
    const size_t size = merge->dimension * sizeof *merge->query;
    uint32_t state = first_of(merge, exact_cell(merge));
    while (state != EPI__NO_ID && memcmp(epi__merge_centre(merge, state), merge->query, size) != 0)
        state = merge->next[state];
    return state;
}

static void nearest_in_cell(uint32_t *best, double *distance, const epi__merge *merge, uint64_t cell) {
    for (uint32_t state = first_of(merge, cell); state != EPI__NO_ID; state = merge->next[state]) {
        double d = distance_squared(epi__merge_centre(merge, state), merge->query, merge->dimension);
        if (d > *distance || (d == *distance && state > *best)) continue;
        *best = state;
        *distance = d;
    }
}

static uint32_t find_near(const epi__merge *merge) {
    const int width = 3, cells = merge->dimension == 1 ? 3 : merge->dimension == 2 ? 9 : 27;
    uint32_t best = EPI__NO_ID;
    double distance = merge->radius * merge->radius;
    for (int i = 0; i < cells; i++) {
        const int move[GRID_DIMENSION_MAX] = {i % width - 1, i / width % width - 1, i / width / width - 1};
        nearest_in_cell(&best, &distance, merge, grid_cell(merge, move));
    }
    return best;
}

static uint32_t find_query(const epi__merge *merge) {
    return merge->radius > 0 ? find_near(merge) : find_equal(merge);
}

uint32_t epi__merge_find(const epi__merge *merge, const float *observation) {
    take_query(merge, observation);
    return find_query(merge);
}

static epi_status grow(epi__merge *merge) {
    uint32_t capacity = (uint32_t)EPI__MIN((uint64_t)merge->count_max, EPI__MAX(merge->capacity * UINT64_C(2), 16u));
    uint32_t *next = epi__realloc(merge->next, capacity, sizeof *next);
    if (!next) return epi__fail_memory(MODULE, capacity * sizeof *next);
    merge->next = next;
    const size_t row = merge->dimension * sizeof *merge->centres;
    float *centres = epi__realloc(merge->centres, capacity, row);
    if (!centres) return epi__fail_memory(MODULE, capacity * row);
    merge->centres = centres;
    merge->capacity = capacity;
    return EPI_OK;
}

static epi_status add_query(uint32_t *state, epi__merge *merge) {
    const int here[GRID_DIMENSION_MAX] = {0};
    if (merge->count == merge->count_max)
        return epi__fail(EPI_ELIMIT, MODULE, "graph has %u states, limit %u", merge->count, merge->count_max);
    if (merge->count == merge->capacity) EPI__TRY(grow(merge));
    uint64_t cell = merge->radius > 0 ? grid_cell(merge, here) : exact_cell(merge);
    uint32_t behind = first_of(merge, cell);
    if (!epi__map_put(&merge->cells, cell, merge->count)) return epi__fail_memory(MODULE, sizeof cell);
    merge->next[merge->count] = behind;
    memcpy(merge->centres + (size_t)merge->count * merge->dimension, merge->query,
           merge->dimension * sizeof *merge->query);
    *state = merge->count++;
    return EPI_OK;
}

epi_status epi__merge_place(uint32_t *state, epi__merge *merge, const float *observation) {
    take_query(merge, observation);
    *state = find_query(merge);
    return *state != EPI__NO_ID ? EPI_OK : add_query(state, merge);
}
