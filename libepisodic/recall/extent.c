/* extent.c - how far a scene reaches around a hit: to the margin at least, and beyond it up to the next natural border
 * or as many steps as were asked for.
 *
 * Between two steps there is a border where the role "session" has another value, where more than EPI_SCENE_GAP_S lie
 * between their events, or where the topic shifts: the vectors of the three steps before and the three behind are less
 * alike than at the gaps around, by more than is usual near the hit. Topics are told apart only in spaces with vectors
 * under the cosine.
 *
 * Source: TextTiling, Hearst 1997: cohesion of blocks at each gap, depth of its valleys, a cutoff from their mean and
 * deviation. Ours counts steps instead of sentences, vectors instead of words, and looks at the surroundings of one hit
 * only.
 */
#include <math.h>

#include "../memory/vectors.h"
#include "../store/component.h"
#include "recall.h"

#define MODULE "recall"
#define BLOCK 3u       /* steps on each side of a gap that are compared */
#define DEPTH_MIN 0.25 /* of a valley that is a border, in cosines of both sides */
#define WINDOW_MAX (2u * (2u * EPI_SCENE_MARGIN_MAX + BLOCK) + 1u)
#define GAP_US ((int64_t)EPI_SCENE_GAP_S * 1000000)

typedef struct seen {
    uint64_t step;
    uint64_t session; /* hash of its value; 0: none */
    int64_t from, to;
    bool known; /* it has a row */
} seen;

typedef struct window {
    seen steps[WINDOW_MAX];
    size_t count;
    size_t hit;                  /* its place */
    double cohesion[WINDOW_MAX]; /* of the gap behind each step */
    double depth[WINDOW_MAX];
    double cutoff;
    bool topics; /* they can be told apart */
} window;

/* ---- what is around the hit ------------------------------------------------------------------------------------- */

static epi_status session_of(uint64_t *session, epi__snapshot *snapshot, const epi__row *row) {
    const epi__mirror *mirror = snapshot->mirror;
    int role = epi__schema_role(&mirror->schema->schema, "session", 7);
    epi__reader reader = row->rest;
    epi__value value;
    *session = 0;
    for (uint8_t i = 0; i < row->tag_count; i++) (void)epi__read_bytes(&reader);
    epi__value_decode(&value, &reader);
    for (uint8_t i = 0; role >= 0 && i < row->part_count && !reader.failed; i++) {
        epi__view data;
        epi__value_decode(&value, &reader);
        if (value.role != role) continue;
        EPI__TRY(epi__component_get(&data, snapshot->tx.txn, mirror->space, &value));
        *session = epi__hash64(data.data, data.size);
    }
    return EPI_OK;
}

static epi_status look_at(seen *one, epi__snapshot *snapshot, uint64_t step) {
    epi__row row;
    *one = (seen){.step = step};
    epi_status status = epi__row_read(&row, snapshot, step);
    if (status) return status == EPI_ENOTFOUND ? EPI_OK : status;
    one->known = true;
    one->from = row.event_from;
    one->to = row.event_to;
    return session_of(&one->session, snapshot, &row);
}

static epi_status fill(window *w, epi__snapshot *snapshot, uint64_t hit, uint32_t reach) {
    const epi__mirror *mirror = snapshot->mirror;
    uint64_t step = hit;
    uint32_t before = 0;
    for (uint64_t at = hit; before < reach && (at = epi__mirror_neighbour(mirror, at, -1)) != 0; before++) step = at;
    w->hit = before;
    for (; step && w->count <= before + reach; step = epi__mirror_neighbour(mirror, step, 1))
        EPI__TRY(look_at(&w->steps[w->count++], snapshot, step));
    return EPI_OK;
}

/* ---- topics ----------------------------------------------------------------------------------------------------- */

static void add_block(float *sum, const float *vectors, size_t dimension, size_t first, size_t end) {
    memset(sum, 0, dimension * sizeof *sum);
    for (size_t i = first; i < end; i++)
        for (size_t d = 0; d < dimension; d++) sum[d] += vectors[i * dimension + d];
}

static void measure(window *w, const float *vectors, float *sums, size_t dimension) {
    float *left = sums, *right = sums + dimension;
    for (size_t gap = 0; gap + 1 < w->count; gap++) {
        add_block(left, vectors, dimension, gap + 1 - EPI__MIN(gap + 1, (size_t)BLOCK), gap + 1);
        add_block(right, vectors, dimension, gap + 1, EPI__MIN(gap + 1 + BLOCK, w->count));
        double norms = sqrt((double)epi__math_dot(left, left, dimension)) *
                       sqrt((double)epi__math_dot(right, right, dimension));
        w->cohesion[gap] = norms > 0.0 ? (double)epi__math_dot(left, right, dimension) / norms : 0.0;
    }
}

/* How deep the valley is that the gap lies in: up to the nearest peak on both sides. */
static double depth_of(const window *w, size_t gap) {
    size_t left = gap, right = gap;
    while (left > 0 && w->cohesion[left - 1] >= w->cohesion[left]) left--;
    while (right + 2 < w->count && w->cohesion[right + 1] >= w->cohesion[right]) right++;
    return w->cohesion[left] + w->cohesion[right] - 2.0 * w->cohesion[gap];
}

static void find_valleys(window *w) {
    double sum = 0.0, squares = 0.0, gaps = (double)(w->count - 1);
    for (size_t gap = 0; gap + 1 < w->count; gap++) {
        w->depth[gap] = depth_of(w, gap);
        sum += w->depth[gap];
        squares += w->depth[gap] * w->depth[gap];
    }
    double mean = sum / gaps;
    w->cutoff = EPI__MAX(DEPTH_MIN, mean + sqrt(EPI__MAX(squares / gaps - mean * mean, 0.0)));
}

static epi_status read_topics(window *w, epi__snapshot *snapshot) {
    size_t dimension = (size_t)snapshot->state.dimension;
    w->topics = dimension > 0 && snapshot->mirror->schema->schema.metric == EPI_COSINE && w->count > 1;
    if (!w->topics) return EPI_OK;
    float *vectors = epi__alloc_zero(w->count + 2, dimension * sizeof *vectors);
    if (!vectors) return epi__fail_memory(MODULE, (w->count + 2) * dimension * sizeof *vectors);
    epi_status status = EPI_OK;
    for (size_t i = 0; !status && i < w->count; i++) {
        status = epi__vectors_get(vectors + i * dimension, snapshot->mirror, snapshot->tx.txn, &snapshot->state,
                                  w->steps[i].step);
        if (status == EPI_ENOTFOUND) status = EPI_OK; /* no words, or gone: zeros */
    }
    if (!status) measure(w, vectors, vectors + w->count * dimension, dimension);
    if (!status) find_valleys(w);
    epi__free(vectors);
    return status;
}

/* ---- borders ---------------------------------------------------------------------------------------------------- */

/* Between a step of the window and the next. */
static bool is_border(const window *w, size_t gap) {
    const seen *a = &w->steps[gap], *b = &w->steps[gap + 1];
    if (!a->known || !b->known) return false;
    if (a->session != b->session) return true;
    if ((b->from > a->to && b->from - a->to > GAP_US) || (a->from > b->to && a->from - b->to > GAP_US)) return true;
    return w->topics && w->depth[gap] >= w->cutoff;
}

epi_status epi__scene_extent(uint64_t *before, uint64_t *behind, epi__snapshot *snapshot, uint64_t step,
                             const epi_recall_options *options) {
    uint32_t most = options->scene_margin + options->scene_reach;
    *before = *behind = options->scene_margin;
    if (options->scene_reach == 0) return EPI_OK;
    window *w = epi__alloc_zero(1, sizeof *w);
    if (!w) return epi__fail_memory(MODULE, sizeof *w);
    epi_status status = fill(w, snapshot, step, most + BLOCK);
    if (!status) status = read_topics(w, snapshot);
    uint64_t left = 0, right = 0;
    while (!status && left < most && left < w->hit && !is_border(w, w->hit - (size_t)left - 1)) left++;
    while (!status && right < most && w->hit + right + 1 < w->count && !is_border(w, w->hit + (size_t)right)) right++;
    *before = EPI__MAX(*before, left);
    *behind = EPI__MAX(*behind, right);
    epi__free(w);
    return status;
}
