/* bench_completion.c - how much of a memory comes back whole from a damaged cue? Stored are random patterns of bits;
 * a cue is one of them with each bit flipped with some chance; it is restored when the pattern that recall brings back
 * is the one that was damaged, bit for bit.
 *
 * Recall searches the vector graph. Beside it stands the exact search that this program makes itself: the stored
 * pattern at the least Hamming distance, the lowest id of several. How well that does is a matter of chance alone:
 * it tells that the patterns and cues are what they should be; the difference between the two is the graph's.
 * Bits are +1 and -1 in the vectors, so that the cosine falls as the Hamming distance grows.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <episodic/episodic.h>

#include "bench.h"

#define BITS_MAX 256u
#define WORDS_MAX (BITS_MAX / 64u)
#define BATCH 1000u
#define CUES 10000u
#define CUES_QUICK 500u
#define EF_DEFAULT 4096u

typedef struct pattern {
    uint64_t words[WORDS_MAX];
} pattern;

/* One memory, and how often it is asked with which share of bits flipped. */
typedef struct task {
    uint32_t bits;
    size_t stored;
    size_t level_count;
    double levels[3];
} task;

typedef struct completion {
    bench_run run;
    uint64_t ef;
    uint64_t cue_count;
    const task *task;
    pattern *stored;
    epi_memory *memory;
    epi_space *space;
    epi_recall_profile profile;
} completion;

/* ---- patterns ---------------------------------------------------------------------------------------------------- */

static pattern random_pattern(bench_random *random, uint32_t bits) {
    pattern p = {{0}};
    for (uint32_t w = 0; w < bits / 64; w++) p.words[w] = bench_random_next(random);
    return p;
}

static pattern damaged(const pattern *whole, bench_random *random, uint32_t bits, double chance) {
    pattern p = *whole;
    for (uint32_t b = 0; b < bits; b++)
        if (bench_random_unit(random) < chance) p.words[b / 64] ^= UINT64_C(1) << (b % 64);
    return p;
}

static void to_vector(float *vector, const pattern *p, uint32_t bits) {
    for (uint32_t b = 0; b < bits; b++) vector[b] = (p->words[b / 64] >> (b % 64) & 1) != 0 ? 1.0f : -1.0f;
}

static size_t nearest_exactly(const completion *c, const pattern *cue) {
    size_t best = 0;
    int least = (int)BITS_MAX + 1;
    for (size_t i = 0; i < c->task->stored; i++) {
        int distance = 0;
        for (uint32_t w = 0; w < c->task->bits / 64; w++)
            distance += __builtin_popcountll(c->stored[i].words[w] ^ cue->words[w]);
        if (distance >= least) continue;
        least = distance;
        best = i;
    }
    return best;
}

/* ---- the memory -------------------------------------------------------------------------------------------------- */

static void open_space(completion *c, const char *directory) {
    char path[4096];
    char name[32];
    const epi_role role = {"pattern", EPI_TENSOR, 0, 0, EPI_U64, 1, {c->task->bits / 64}};
    epi_schema schema = epi_schema_default();
    epi_memory_options options = epi_memory_options_default();
    schema.roles = &role;
    schema.role_count = 1;
    schema.encoder = EPI_ENCODER_GIVEN;
    schema.dimension = c->task->bits;
    options.sync = EPI_SYNC_MANUAL;
    snprintf(path, sizeof path, "%s/memory", directory);
    snprintf(name, sizeof name, "%u bits", c->task->bits);
    if (c->memory == NULL) bench_check(epi_memory_open(&c->memory, path, &options), "opening");
    bench_check(epi_space_open(&c->space, c->memory, name, &schema), "opening the space");
}

static void store_batch(epi_episode *episode, const completion *c, size_t first, size_t count) {
    static float vectors[BATCH][BITS_MAX];
    static epi_part parts[BATCH];
    static epi_step steps[BATCH];
    for (size_t i = 0; i < count; i++) {
        to_vector(vectors[i], &c->stored[first + i], c->task->bits);
        parts[i] = epi_part_bytes("pattern", &c->stored[first + i], c->task->bits / 8);
        steps[i] = epi_step_default();
        steps[i].parts = &parts[i];
        steps[i].part_count = 1;
        steps[i].vector = vectors[i];
        steps[i].vector_size = c->task->bits;
    }
    bench_check(epi_episode_append_many(NULL, episode, steps, count), "appending");
}

static void store_all(completion *c) {
    epi_episode *episode = NULL;
    epi_upkeep_options upkeep = epi_upkeep_options_default();
    bench_check(epi_episode_begin(&episode, c->space, NULL), "beginning");
    for (size_t at = 0; at < c->task->stored; at += BATCH) {
        size_t left = c->task->stored - at;
        store_batch(episode, c, at, left < BATCH ? left : BATCH);
        bench_progress("%u bits: %zu of %zu stored", c->task->bits, at, c->task->stored);
    }
    epi_episode_close(episode);
    bench_progress("%u bits: building the graph", c->task->bits);
    bench_check(epi_space_upkeep(NULL, c->space, &upkeep), "upkeep");
}

/* Whether the pattern that recall brings back first is the whole one. */
static bool restores(const completion *c, const pattern *cue, const pattern *whole, double *ms) {
    float vector[BITS_MAX];
    epi_recollection *found = NULL;
    epi_cue asked = epi_cue_default();
    epi_recall_options options = epi_recall_options_default();
    to_vector(vector, cue, c->task->bits);
    asked.vector = vector;
    asked.vector_size = c->task->bits;
    options.k = 1;
    options.scene_margin = 0;
    options.ef = (uint32_t)c->ef;
    options.profile = &c->profile;
    double start = bench_now_s();
    bench_check(epi_recall(&found, c->space, &asked, &options), "recall");
    *ms = (bench_now_s() - start) * 1e3;
    const epi_scene *scene = epi_recollection_scene(found, 0);
    const epi_recalled_part *part = epi_scene_part(scene, epi_scene_step(scene, 0), "pattern");
    bool same = part != NULL && part->size == c->task->bits / 8 && memcmp(part->data, whole, part->size) == 0;
    epi_recollection_free(found);
    return same;
}

/* ---- measuring --------------------------------------------------------------------------------------------------- */

static void measure(completion *c, double flipped) {
    bench_random random = bench_random_of(c->run.seed, c->task->bits * 1000u + (uint64_t)(flipped * 100.0));
    double *ms = bench_alloc(c->cue_count, sizeof *ms);
    size_t recalled = 0, exact = 0;
    for (size_t i = 0; i < c->cue_count; i++) {
        const pattern *whole = &c->stored[bench_random_below(&random, c->task->stored)];
        pattern cue = damaged(whole, &random, c->task->bits, flipped);
        recalled += restores(c, &cue, whole, &ms[i]);
        exact += memcmp(&c->stored[nearest_exactly(c, &cue)], whole, sizeof *whole) == 0;
        if (i % 100 == 0) bench_progress("%u bits, %.0f %% flipped: %zu cues", c->task->bits, 100.0 * flipped, i);
    }
    double share = 100.0 / (double)c->cue_count;
    const size_t counts[] = {recalled, exact};
    static const char *const methods[] = {"recall", "exact"};
    for (int m = 0; m < 2; m++)
        bench_emit(&c->run, "restored", (double)counts[m] * share, "%",
                   BENCH_CONFIG({"method", .text = methods[m]}, {"bits", .number = c->task->bits},
                                {"stored", .number = (double)c->task->stored}, {"flipped", .number = flipped},
                                {"cues", .number = (double)c->cue_count}, {"ef", .number = (double)c->ef}));
    bench_emit(&c->run, "recall_ms_p50", bench_percentile(ms, c->cue_count, 0.5), "ms",
               BENCH_CONFIG({"bits", .number = c->task->bits}, {"stored", .number = (double)c->task->stored},
                            {"flipped", .number = flipped}, {"ef", .number = (double)c->ef}));
    free(ms);
}

static void run_task(completion *c, const task *one, const char *directory) {
    bench_random random = bench_random_of(c->run.seed, one->bits);
    c->task = one;
    c->stored = bench_alloc(one->stored, sizeof *c->stored);
    for (size_t i = 0; i < one->stored; i++) c->stored[i] = random_pattern(&random, one->bits);
    open_space(c, directory);
    store_all(c);
    for (size_t i = 0; i < one->level_count; i++) measure(c, one->levels[i]);
    epi_space_close(c->space);
    free(c->stored);
}

static const char about[] =
    "Stores random patterns of bits, flips each bit of some of them with a chance, recalls with that as the cue, and\n"
    "counts how many come back whole: restored, in percent of the cues, by recall through the vector graph and by an\n"
    "exact search of the same patterns (least Hamming distance, ties to the lowest id). 64 bits: 10,000 stored, .2 "
    "and\n"
    ".3 flipped; 256 bits: 100,000 stored, .2, .3 and .4 flipped; 10,000 cues each. --quick: 256 bits with 5,000\n"
    "stored, 500 cues.";

int main(int argc, char **argv) {
    static const task small = {64, 10000, 2, {0.2, 0.3}};
    static const task large = {256, 100000, 3, {0.2, 0.3, 0.4}};
    static const task quick = {256, 5000, 3, {0.2, 0.3, 0.4}};
    completion c = {.run = {.name = "bench_completion", .usage = "", .about = about}, .ef = EF_DEFAULT};
    const bench_option options[] = {
        {"--ef", "N", "breadth of the graph search (4096)", NULL, NULL, &c.ef},
        {NULL, NULL, NULL, NULL, NULL, NULL},
    };
    c.run.options = options;
    bench_start(&c.run, argc, argv);
    c.cue_count = c.run.quick ? CUES_QUICK : CUES;
    c.profile = epi_recall_profile_default();
    c.profile.lexical = c.profile.context = c.profile.episode = c.profile.answer = 0.0;
    c.profile.hop = c.profile.recency = 0.0;
    c.profile.vector = 1.0;
    const char *directory = bench_directory(NULL);
    run_task(&c, &small, directory);
    run_task(&c, c.run.quick ? &quick : &large, directory);
    bench_check(epi_memory_close(c.memory), "closing");
    return 0;
}
