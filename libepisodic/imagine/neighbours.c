/* neighbours.c - the k-d tree of neighbours.h. Points are copied into the tree's order, so that a leaf is one stretch
 * of memory; inner node i has children 2i + 1 and 2i + 2, and its range of points follows from the way down.
 */
#include "neighbours.h"

#include <math.h>
#include <stdlib.h>

#define MODULE "imagine"
#define LEAF 16u
#define TAIL_MIN 1024u /* rows behind the tree before it is built anew */
#define TAIL_SHARE 8u  /* ... or a share of its own */
#define SAMPLES 4096u  /* for figures about all rows */
#define CELLS_MAX 2048u /* of them, when places are merged */

struct node {
    uint32_t axis;
    float split;
};

struct epi__neighbours {
    uint64_t generation;
    size_t until; /* rows of the traces that were looked at */
    size_t count; /* points */
    uint32_t levels;
    struct node *nodes;
    uint32_t *rows; /* in the tree's order */
    float *points;
    float *lengths; /* of a step, one a leaf */
    double step_max, step_typical, action_scale, cell;
    epi__regions regions;
};

/* ---- building ---------------------------------------------------------------------------------------------------- */

typedef struct build {
    struct epi__neighbours *tree;
    const epi__traces *traces;
} build;

static float at(const build *b, size_t place, uint32_t axis) {
    return epi__traces_observation(b->traces, b->tree->rows[place])[axis];
}

static uint32_t widest(const build *b, size_t low, size_t high) {
    uint32_t best = 0;
    float width = -1.0f;
    for (uint32_t axis = 0; axis < b->traces->observation_size; axis++) {
        float least = at(b, low, axis), most = least;
        for (size_t i = low + 1; i < high; i++) {
            float value = at(b, i, axis);
            least = EPI__MIN(least, value);
            most = EPI__MAX(most, value);
        }
        if (most - least > width) best = axis, width = most - least;
    }
    return best;
}

static bool before(const build *b, uint32_t x, uint32_t y, uint32_t axis) {
    float a = epi__traces_observation(b->traces, x)[axis], c = epi__traces_observation(b->traces, y)[axis];
    return a != c ? a < c : x < y;
}

static void swap(uint32_t *rows, size_t i, size_t j) {
    uint32_t row = rows[i];
    rows[i] = rows[j];
    rows[j] = row;
}

/* Puts the row that belongs at `middle` there, smaller ones before it (Hoare's selection, pivot in the middle). */
static void select_median(const build *b, size_t low, size_t high, size_t middle, uint32_t axis) {
    uint32_t *rows = b->tree->rows;
    while (high - low > 1) {
        uint32_t pivot = rows[low + (high - low - 1) / 2];
        size_t i = low, j = high - 1;
        for (;;) {
            while (before(b, rows[i], pivot, axis)) i++;
            while (before(b, pivot, rows[j], axis)) j--;
            if (i >= j) break;
            swap(rows, i++, j--);
        }
        /* rows before i are at most the pivot, rows behind j at least */
        if (middle <= j)
            high = j + 1;
        else
            low = j + 1;
    }
}

static int by_value(const void *a, const void *b) {
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static double step_length(const epi__traces *traces, uint32_t row) {
    return sqrt(epi__distance2(epi__traces_observation(traces, row), epi__traces_landing(traces, row),
                               traces->observation_size));
}

static float leaf_length(const build *b, size_t low, size_t high) {
    float lengths[2 * LEAF];
    size_t count = 0;
    for (size_t i = low; i < high && count < EPI__COUNT(lengths); i++)
        lengths[count++] = (float)step_length(b->traces, b->tree->rows[i]);
    if (count == 0) return 0.0f;
    qsort(lengths, count, sizeof *lengths, by_value);
    return lengths[count * 3 / 4];
}

static void build_node(const build *b, size_t node, uint32_t level, size_t low, size_t high) {
    struct epi__neighbours *tree = b->tree;
    if (level == tree->levels) {
        tree->lengths[node - (((size_t)1 << tree->levels) - 1)] = leaf_length(b, low, high);
        return;
    }
    size_t middle = low + (high - low) / 2;
    uint32_t axis = high > low ? widest(b, low, high) : 0;
    if (high > low) select_median(b, low, high, middle, axis);
    tree->nodes[node] = (struct node){axis, high > low ? at(b, middle, axis) : 0.0f};
    build_node(b, 2 * node + 1, level + 1, low, middle);
    build_node(b, 2 * node + 2, level + 1, middle, high);
}

static float action_element(const epi__traces *traces, uint32_t row, size_t i) {
    float value;
    memcpy(&value, epi__traces_action(traces, row) + i * sizeof value, sizeof value);
    return value;
}

static double action_scale(const struct epi__neighbours *tree, const epi__traces *traces) {
    size_t stride = tree->count / SAMPLES + 1, size = traces->action_size / sizeof(float);
    double spread = 0.0;
    for (size_t i = 0; traces->action_is_f32 && i < size; i++) {
        double sum = 0.0, squares = 0.0, n = 0.0;
        for (size_t p = 0; p < tree->count; p += stride, n += 1.0) {
            double value = (double)action_element(traces, tree->rows[p], i);
            sum += value;
            squares += value * value;
        }
        if (n > 0.0) spread += EPI__MAX(squares / n - sum / n * (sum / n), 0.0);
    }
    return sqrt(spread);
}

/* How many cells of a size the sampled rows lie in. */
static epi_status count_cells(size_t *cells, const struct epi__neighbours *tree, const epi__traces *traces,
                              double size) {
    size_t stride = tree->count / SAMPLES + 1;
    epi__map seen = {0};
    bool ok = true;
    for (size_t i = 0; ok && i < tree->count; i += stride)
        ok = epi__map_put(&seen, epi__neighbours_cell_of(epi__traces_observation(traces, tree->rows[i]),
                                                         traces->observation_size, size, 0.0), 1);
    *cells = seen.count;
    epi__map_dispose(&seen);
    return ok ? EPI_OK : epi__fail_memory(MODULE, SAMPLES);
}

static epi_status choose_cell(struct epi__neighbours *tree, const epi__traces *traces) {
    size_t cells = CELLS_MAX + 1;
    tree->cell = (tree->step_typical > 0.0 ? tree->step_typical : 1.0) / 4.0;
    for (int i = 0; i < 8 && cells > CELLS_MAX; i++) {
        tree->cell *= 2.0;
        EPI__TRY(count_cells(&cells, tree, traces, tree->cell));
    }
    return EPI_OK;
}

static void measure(struct epi__neighbours *tree, const epi__traces *traces) {
    float lengths[SAMPLES];
    size_t stride = tree->count / SAMPLES + 1, count = 0;
    for (size_t i = 0; i < tree->count; i++) {
        double length = step_length(traces, tree->rows[i]);
        tree->step_max = EPI__MAX(tree->step_max, length);
        if (i % stride == 0 && count < SAMPLES) lengths[count++] = (float)length;
    }
    qsort(lengths, count, sizeof *lengths, by_value);
    tree->step_typical = count ? (double)lengths[count * 3 / 4] : 0.0;
    tree->action_scale = action_scale(tree, traces);
}

static epi_status make(struct epi__neighbours *tree, const epi__traces *traces) {
    size_t size = traces->observation_size;
    tree->rows = epi__realloc(NULL, traces->count + 1, sizeof *tree->rows);
    tree->points = epi__realloc(NULL, (traces->count + 1) * size, sizeof *tree->points);
    if (!tree->rows || !tree->points) return epi__fail_memory(MODULE, traces->count * size * sizeof *tree->points);
    for (uint32_t row = 0; row < traces->count; row++)
        if (epi__traces_leads_on(traces, row)) tree->rows[tree->count++] = row;
    while ((tree->count >> tree->levels) > LEAF) tree->levels++;
    size_t leaves = (size_t)1 << tree->levels;
    tree->nodes = epi__realloc(NULL, leaves, sizeof *tree->nodes);
    tree->lengths = epi__alloc_zero(leaves, sizeof *tree->lengths);
    if (!tree->nodes || !tree->lengths) return epi__fail_memory(MODULE, leaves * sizeof *tree->nodes);
    build b = {tree, traces};
    build_node(&b, 0, 0, 0, tree->count);
    for (size_t i = 0; i < tree->count; i++)
        memcpy(tree->points + i * size, epi__traces_observation(traces, tree->rows[i]), size * sizeof *tree->points);
    measure(tree, traces);
    EPI__TRY(choose_cell(tree, traces));
    EPI__TRY(epi__regions_make(&tree->regions, traces, tree->cell));
    tree->until = traces->count;
    tree->generation = traces->generation;
    return EPI_OK;
}

void epi__neighbours_free(struct epi__neighbours *tree) {
    if (!tree) return;
    epi__free(tree->nodes);
    epi__free(tree->rows);
    epi__free(tree->points);
    epi__free(tree->lengths);
    epi__regions_dispose(&tree->regions);
    epi__free(tree);
}

static bool is_ready(const epi__traces *traces) {
    const struct epi__neighbours *tree = traces->neighbours;
    return tree && tree->generation == traces->generation &&
           traces->count - tree->until <= EPI__MAX(TAIL_MIN, tree->until / TAIL_SHARE);
}

epi_status epi__neighbours_ready(epi__traces *traces) {
    epi_status status = EPI_OK;
    pthread_mutex_lock(&traces->derived_mutex);
    if (!is_ready(traces)) {
        struct epi__neighbours *made = epi__alloc_zero(1, sizeof *made);
        status = made ? make(made, traces) : epi__fail_memory(MODULE, sizeof *made);
        if (status) {
            epi__neighbours_free(made);
        } else {
            epi__neighbours_free(traces->neighbours);
            traces->neighbours = made;
        }
    }
    pthread_mutex_unlock(&traces->derived_mutex);
    return status;
}

/* ---- searching --------------------------------------------------------------------------------------------------- */

typedef struct query {
    const epi__traces *traces;
    const float *place;
    double radius2; /* shrinks once `most` were found */
    epi__neighbour *found;
    size_t count, most;
} query;

static bool nearer(const epi__neighbour *a, const epi__neighbour *b) {
    return a->distance2 != b->distance2 ? a->distance2 < b->distance2 : a->row < b->row;
}

/* A heap with the farthest on top. */
static void sift_down(epi__neighbour *heap, size_t count, size_t i) {
    for (size_t child; (child = 2 * i + 1) < count; i = child) {
        if (child + 1 < count && nearer(&heap[child], &heap[child + 1])) child++;
        if (!nearer(&heap[i], &heap[child])) return;
        epi__neighbour kept = heap[i];
        heap[i] = heap[child];
        heap[child] = kept;
    }
}

static void take(query *q, uint32_t row, const float *point) {
    double distance2 = epi__distance2(q->place, point, q->traces->observation_size);
    if (distance2 > q->radius2 || !epi__traces_leads_on(q->traces, row)) return;
    epi__neighbour one = {row, (float)distance2};
    if (q->count < q->most) {
        q->found[q->count++] = one;
        if (q->count < q->most) return;
        for (size_t i = q->count / 2; i-- > 0;) sift_down(q->found, q->count, i);
    } else {
        if (!nearer(&one, &q->found[0])) return;
        q->found[0] = one;
        sift_down(q->found, q->count, 0);
    }
    q->radius2 = EPI__MIN(q->radius2, (double)q->found[0].distance2 * (1.0 + 1e-6));
}

static void descend(query *q, size_t node, uint32_t level, size_t low, size_t high) {
    const struct epi__neighbours *tree = q->traces->neighbours;
    if (level == tree->levels) {
        for (size_t i = low; i < high; i++) take(q, tree->rows[i], tree->points + i * q->traces->observation_size);
        return;
    }
    size_t middle = low + (high - low) / 2;
    double apart = (double)q->place[tree->nodes[node].axis] - (double)tree->nodes[node].split;
    bool left = apart < 0.0;
    descend(q, 2 * node + (left ? 1 : 2), level + 1, left ? low : middle, left ? middle : high);
    if (apart * apart <= q->radius2)
        descend(q, 2 * node + (left ? 2 : 1), level + 1, left ? middle : low, left ? high : middle);
}

static int by_distance(const void *a, const void *b) {
    return nearer(a, b) ? -1 : nearer(b, a);
}

size_t epi__neighbours_within(epi__neighbour *found, const epi__traces *traces, const float *place, double radius,
                              size_t most) {
    query q = {traces, place, radius * radius, found, 0, EPI__MIN(most, EPI__NEIGHBOURS_FOUND_MAX)};
    if (q.most == 0) return 0;
    descend(&q, 0, 0, 0, traces->neighbours->count);
    for (size_t row = traces->neighbours->until; row < traces->count; row++)
        take(&q, (uint32_t)row, epi__traces_observation(traces, (uint32_t)row));
    qsort(found, q.count, sizeof *found, by_distance);
    return q.count;
}

double epi__neighbours_step_length(const epi__traces *traces, const float *place) {
    const struct epi__neighbours *tree = traces->neighbours;
    size_t node = 0;
    for (uint32_t level = 0; level < tree->levels; level++)
        node = 2 * node + (place[tree->nodes[node].axis] < tree->nodes[node].split ? 1 : 2);
    double length = (double)tree->lengths[node - (((size_t)1 << tree->levels) - 1)];
    return length > 0.0 ? length : tree->step_typical > 0.0 ? tree->step_typical : 1.0;
}

uint64_t epi__neighbours_cell_of(const float *place, size_t size, double cell, double shift) {
    uint64_t numbers[2] = {1, 0};
    for (size_t i = 0; i < size; i++) {
        numbers[1] = (uint64_t)(int64_t)floor((double)place[i] / cell + shift);
        numbers[0] = epi__hash64(numbers, sizeof numbers);
    }
    return numbers[0];
}

double epi__neighbours_cell(const epi__traces *traces) {
    return traces->neighbours->cell;
}

const epi__regions *epi__neighbours_regions(const epi__traces *traces) {
    return &traces->neighbours->regions;
}

double epi__neighbours_step_max(const epi__traces *traces) {
    return traces->neighbours->step_max;
}

double epi__neighbours_action_scale(const epi__traces *traces) {
    return traces->neighbours->action_scale;
}
