/* bench_vectors.c - durable vectors beside hnswlib's in memory: how fast they go in, how fast and how well they are
 * found.
 *
 * Vectors are made up: cluster centres on the unit sphere, and points around them. Both engines get the same ones, with
 * the same M and the same efConstruction, each in one thread of one process, a slice in turn. Ours are durable after
 * each slice, with the graph saved as a file; hnswlib's are only added. Queries go to both in turn, each engine with
 * the smallest ef that reaches the same recall.
 */
#include "bench.h"

#include <episodic/episodic.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hnswlib_peer.h"

#define M 16u
#define EF_CONSTRUCTION 200u
#define K 10u
#define EF_MAX 1024u
#define RECALL_TARGET 0.99
#define CLUSTER_SIZE 100u  /* points around one centre, about */
#define SPREAD_DEFAULT 70u /* length of the noise, in hundredths of the centre's */
#define BATCH 500u
#define TAIL_COUNT 1024u
#define SLICES 5u
#define UNINDEXED_COUNT 20u
#define PATH_SIZE 4096

static const char about[] = "Clustered unit vectors into a durable memory and into hnswlib (M 16, efConstruction 200, "
                            "one thread): inserts per\n"
                            "second until all are in the graph and durable, searchable per second, query p50 and p95 "
                            "one at a time with the tail\n"
                            "empty and full, at the smallest ef of each engine that reaches recall@10 of .99 against "
                            "exact search, disk, memory.";

typedef struct data {
    size_t dimension, count, query_count; /* the vectors end with TAIL_COUNT that are added later */
    double noise;                         /* its length beside a centre of length 1 */
    float *vectors, *queries;
    uint32_t *truth; /* K a query, places of vectors; of the count first ones */
} data;

typedef struct trial {
    const bench_run *run;
    data set;
    epi_memory *memory;
    epi_space *space;
    epi_episode *episode;
    uint64_t *ids; /* of the vectors */
    hnswlib_peer *peer;
    char path[PATH_SIZE];
} trial;

/* ---- data -------------------------------------------------------------------------------------------------------- */

static void normalise(float *vector, size_t dimension) {
    double square = 0;
    for (size_t i = 0; i < dimension; i++) square += (double)vector[i] * (double)vector[i];
    for (size_t i = 0; i < dimension; i++) vector[i] = (float)((double)vector[i] / sqrt(square));
}

static void make_point(float *vector, const float *centre, double noise, size_t dimension, bench_random *random) {
    const double scale = noise / sqrt((double)dimension);
    for (size_t i = 0; i < dimension; i++)
        vector[i] = (float)((centre ? (double)centre[i] : 0.0) + scale * bench_random_normal(random));
    normalise(vector, dimension);
}

static float dot(const float *a, const float *b, size_t dimension) {
    float lanes[16] = {0}, sum = 0;
    size_t i = 0;
    for (; i + 16 <= dimension; i += 16)
        for (size_t j = 0; j < 16; j++) lanes[j] += a[i + j] * b[i + j];
    for (; i < dimension; i++) sum += a[i] * b[i];
    for (size_t j = 0; j < 16; j++) sum += lanes[j];
    return sum;
}

/* The K nearest of the `count` first vectors, by comparing all. */
static void find_exactly(uint32_t *nearest, const data *set, const float *query) {
    float scores[K];
    size_t found = 0;
    for (size_t i = 0; i < set->count; i++) {
        float score = dot(query, set->vectors + i * set->dimension, set->dimension);
        if (found == K && score <= scores[K - 1]) continue;
        size_t at = found < K ? found++ : K - 1;
        for (; at > 0 && scores[at - 1] < score; at--) {
            scores[at] = scores[at - 1];
            nearest[at] = nearest[at - 1];
        }
        scores[at] = score;
        nearest[at] = (uint32_t)i;
    }
}

static data data_make(uint64_t seed, size_t count, size_t dimension, double noise, size_t query_count) {
    const size_t all = count + TAIL_COUNT, centres = count / CLUSTER_SIZE + 1;
    data set = {.dimension = dimension, .count = count, .query_count = query_count, .noise = noise};
    bench_random random = bench_random_of(seed, 3);
    float *middle = bench_alloc(centres * dimension, sizeof *middle);
    set.vectors = bench_alloc(all * dimension, sizeof *set.vectors);
    set.queries = bench_alloc(query_count * dimension, sizeof *set.queries);
    set.truth = bench_alloc(query_count * K, sizeof *set.truth);
    for (size_t i = 0; i < centres; i++) make_point(middle + i * dimension, NULL, 1.0, dimension, &random);
    for (size_t i = 0; i < all; i++)
        make_point(set.vectors + i * dimension, middle + bench_random_below(&random, centres) * dimension, noise,
                   dimension, &random);
    for (size_t i = 0; i < query_count; i++) {
        bench_progress("exact search, %zu of %zu ...", i, query_count);
        make_point(set.queries + i * dimension, middle + bench_random_below(&random, centres) * dimension, noise,
                   dimension, &random);
        find_exactly(set.truth + i * K, &set, set.queries + i * dimension);
    }
    free(middle);
    return set;
}

/* ---- results ----------------------------------------------------------------------------------------------------- */

/* One line with the size of the data in its config; `tail` and `ef` are left out when negative. */
static void emit(const trial *in, const char *engine, const char *metric, double value, const char *unit, double ef,
                 double tail) {
    bench_field config[6] = {{"engine", .text = engine},
                             {"n", .number = (double)in->set.count},
                             {"dim", .number = (double)in->set.dimension},
                             {"spread", .number = in->set.noise}};
    size_t count = 4;
    if (ef >= 0) config[count++] = (bench_field){"ef", .number = ef};
    if (tail >= 0) config[count++] = (bench_field){"tail", .number = tail};
    bench_emit(in->run, metric, value, unit, config, count);
}

/* Ours over hnswlib's; `recall` and `tail` are left out when negative. */
static void emit_ratio(const trial *in, const char *metric, double value, double recall, double tail) {
    bench_field config[5] = {{"n", .number = (double)in->set.count},
                             {"dim", .number = (double)in->set.dimension},
                             {"spread", .number = in->set.noise}};
    size_t count = 3;
    if (recall >= 0) config[count++] = (bench_field){"recall", .number = recall};
    if (tail >= 0) config[count++] = (bench_field){"tail", .number = tail};
    bench_emit(in->run, metric, value, "1", config, count);
}

/* ---- going in ---------------------------------------------------------------------------------------------------- */

static void open_memory(trial *in) {
    epi_schema schema = epi_schema_default();
    epi_role role = {.name = "text", .type = EPI_TEXT};
    schema.roles = &role;
    schema.role_count = 1;
    schema.encoder = EPI_ENCODER_GIVEN;
    schema.dimension = (uint32_t)in->set.dimension;
    schema.metric = EPI_COSINE;
    bench_check(epi_memory_open(&in->memory, in->path, NULL), "opening");
    bench_check(epi_space_open(&in->space, in->memory, "vectors", &schema), "opening a space");
    bench_check(epi_episode_begin(&in->episode, in->space, NULL), "beginning");
}

static void close_memory(trial *in) {
    epi_episode_close(in->episode);
    epi_space_close(in->space);
    bench_check(epi_memory_close(in->memory), "closing");
}

static void append(trial *in, size_t first, size_t count) {
    epi_step steps[BATCH];
    for (size_t at = first; at < first + count;) {
        size_t batch = first + count - at < BATCH ? first + count - at : BATCH;
        for (size_t i = 0; i < batch; i++) {
            steps[i] = epi_step_default();
            steps[i].vector = in->set.vectors + (at + i) * in->set.dimension;
            steps[i].vector_size = in->set.dimension;
        }
        bench_progress("appending, %zu of %zu ...", at, first + count);
        bench_check(epi_episode_append_many(in->ids + at, in->episode, steps, batch), "appending");
        at += batch;
    }
}

static size_t find_ours(trial *in, uint64_t *ids, const float *query, uint32_t ef) {
    size_t count = 0;
    bench_check(epi_nearest(&count, ids, NULL, in->space, query, in->set.dimension, K, ef), "searching");
    return count;
}

/* Searches of a memory where nothing was put into the graph: the store itself is compared, exactly. */
static void measure_unindexed(const trial *beside, const char *directory) {
    trial in = *beside;
    uint64_t ids[K];
    double times[UNINDEXED_COUNT];
    snprintf(in.path, sizeof in.path, "%s/unindexed", directory);
    open_memory(&in);
    append(&in, 0, in.set.count);
    for (size_t i = 0; i < UNINDEXED_COUNT; i++) {
        double start = bench_now_s();
        (void)find_ours(&in, ids, in.set.queries + i * in.set.dimension, 0);
        times[i] = bench_now_s() - start;
    }
    emit(&in, "episodic", "first_query_ms_unindexed", times[0] * 1e3, "ms", -1, -1);
    emit(&in, "episodic", "query_us_p50_unindexed", bench_percentile(times, UNINDEXED_COUNT, 0.5) * 1e6, "us", -1, -1);
    close_memory(&in);
}

/* What one engine took and how much memory it grew by. */
typedef struct cost {
    double seconds, cpu, searchable, memory, own;
} cost;

static void add_ours(cost *sum, trial *in, size_t first, size_t count) {
    uint64_t ids[K];
    double memory = bench_memory_mb(), own = bench_memory_own_mb(), cpu = bench_thread_cpu_s(), start = bench_now_s();
    append(in, first, count);
    (void)find_ours(in, ids, in->set.queries, 0);
    sum->searchable += bench_now_s() - start;
    bench_progress("the graph, %zu of %zu ...", first, in->set.count);
    bench_check(epi_space_upkeep(NULL, in->space, NULL), "upkeep");
    sum->seconds += bench_now_s() - start;
    sum->cpu += bench_thread_cpu_s() - cpu;
    sum->memory += bench_memory_mb() - memory;
    sum->own += bench_memory_own_mb() - own;
}

static void add_theirs(cost *sum, trial *in, size_t first, size_t count) {
    double memory = bench_memory_mb(), own = bench_memory_own_mb(), cpu = bench_thread_cpu_s(), start = bench_now_s();
    if (!in->peer) in->peer = hnswlib_peer_new(in->set.dimension, in->set.count + TAIL_COUNT, M, EF_CONSTRUCTION);
    if (!in->peer) bench_fail("hnswlib could not begin");
    for (size_t i = first; i < first + count; i++) {
        if (i % 1000 == 0) bench_progress("hnswlib, %zu of %zu ...", i, in->set.count);
        if (hnswlib_peer_add(in->peer, in->set.vectors + i * in->set.dimension, i) != 0)
            bench_fail("hnswlib could not add");
    }
    sum->seconds += bench_now_s() - start;
    sum->cpu += bench_thread_cpu_s() - cpu;
    sum->memory += bench_memory_mb() - memory;
    sum->own += bench_memory_own_mb() - own;
}

static void emit_cost(const trial *in, const char *engine, const cost *sum) {
    const double count = (double)in->set.count;
    emit(in, engine, "insert_per_s", count / sum->seconds, "1/s", -1, -1);
    emit(in, engine, "insert_per_cpu_s", count / sum->cpu, "1/s", -1, -1);
    emit(in, engine, "rss_mb", sum->memory, "MB", -1, -1);
    emit(in, engine, "rss_without_mapped_files_mb", sum->own, "MB", -1, -1);
}

static void measure_inserting(trial *in) {
    cost ours = {0}, theirs = {0};
    double before = bench_memory_mb();
    bench_memory_peak_reset();
    for (size_t i = 0; i < SLICES; i++) {
        const size_t first = in->set.count * i / SLICES, count = in->set.count * (i + 1) / SLICES - first;
        add_ours(&ours, in, first, count);
        add_theirs(&theirs, in, first, count);
    }
    emit_cost(in, "episodic", &ours);
    emit_cost(in, "hnswlib", &theirs);
    emit(in, "both", "peak_rss_mb", bench_memory_peak_mb() - before, "MB", -1, -1);
    emit(in, "episodic", "searchable_per_s", (double)in->set.count / ours.searchable, "1/s", -1, -1);
    emit_ratio(in, "insert_ratio", theirs.seconds / ours.seconds, -1, -1);
    emit_ratio(in, "insert_cpu_ratio", theirs.cpu / ours.cpu, -1, -1);
}

static void measure_disk(trial *in, const char *directory) {
    char path[PATH_SIZE + 16];
    snprintf(path, sizeof path, "%s/hnswlib", directory);
    emit(in, "episodic", "disk_mb", bench_directory_mb(in->path), "MB", -1, -1);
    if (hnswlib_peer_save(in->peer, path) != 0) bench_fail("hnswlib could not save to %s", path);
    emit(in, "hnswlib", "disk_mb", bench_directory_mb(path), "MB", -1, -1);
}

/* ---- finding ----------------------------------------------------------------------------------------------------- */

static size_t find(trial *in, bool ours, uint64_t *ids, const float *query, size_t ef) {
    return ours ? find_ours(in, ids, query, (uint32_t)ef) : hnswlib_peer_search(in->peer, ids, query, K, ef);
}

/* How many of the K true ones are among the found. */
static size_t count_true(const trial *in, bool ours, const uint64_t *ids, size_t count, const uint32_t *truth) {
    size_t good = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < K; j++) good += ids[i] == (ours ? in->ids[truth[j]] : truth[j]);
    return good;
}

static double recall_at(trial *in, bool ours, size_t ef) {
    uint64_t ids[K];
    size_t good = 0;
    for (size_t i = 0; i < in->set.query_count; i++) {
        size_t count = find(in, ours, ids, in->set.queries + i * in->set.dimension, ef);
        good += count_true(in, ours, ids, count, in->set.truth + i * K);
    }
    return (double)good / (double)(in->set.query_count * K);
}

/* The smallest ef with the recall that is wanted; EF_MAX when none has, and then the ratio says what was reached. */
static size_t choose_ef(trial *in, bool ours) {
    size_t low = K, high = EF_MAX;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        bench_progress("%s, ef %zu ...", ours ? "episodic" : "hnswlib", middle);
        if (recall_at(in, ours, middle) >= RECALL_TARGET)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static double time_query(trial *in, bool ours, const float *query, size_t ef) {
    uint64_t ids[K];
    double start = bench_now_s();
    (void)find(in, ours, ids, query, ef);
    return bench_now_s() - start;
}

/* Each query goes to both, now the one and now the other first. */
static void measure_queries(trial *in, const size_t ef[2], double recall, double tail) {
    const size_t count = in->set.query_count;
    double *times[2] = {bench_alloc(count, sizeof(double)), bench_alloc(count, sizeof(double))};
    for (size_t i = 0; i < count; i++)
        for (size_t turn = 0; turn < 2; turn++) {
            const size_t ours = (i + turn) % 2;
            times[ours][i] = time_query(in, ours, in->set.queries + i * in->set.dimension, ef[ours]);
        }
    double p50[2];
    for (size_t ours = 0; ours < 2; ours++) {
        p50[ours] = bench_percentile(times[ours], count, 0.5);
        const char *engine = ours ? "episodic" : "hnswlib";
        emit(in, engine, "query_us_p50", p50[ours] * 1e6, "us", (double)ef[ours], tail);
        emit(in, engine, "query_us_p95", bench_percentile(times[ours], count, 0.95) * 1e6, "us", (double)ef[ours],
             tail);
        free(times[ours]);
    }
    emit_ratio(in, "query_ratio", p50[1] / p50[0], recall, tail);
}

/* The whole of a recall by vector: fusion, scenes and rendering too. */
static void measure_recall_calls(trial *in, size_t ef) {
    const size_t count = in->set.query_count < 300 ? in->set.query_count : 300;
    double *times = bench_alloc(count, sizeof *times);
    for (size_t i = 0; i < count; i++) {
        epi_recollection *found = NULL;
        epi_cue cue = epi_cue_default();
        epi_recall_options options = epi_recall_options_default();
        cue.vector = in->set.queries + i * in->set.dimension;
        cue.vector_size = in->set.dimension;
        options.ef = (uint32_t)ef;
        double start = bench_now_s();
        bench_check(epi_recall(&found, in->space, &cue, &options), "recalling");
        times[i] = bench_now_s() - start;
        epi_recollection_free(found);
    }
    emit(in, "episodic", "recall_call_us_p50", bench_percentile(times, count, 0.5) * 1e6, "us", (double)ef, -1);
    free(times);
}

static void measure_finding(trial *in) {
    static const size_t grid[] = {16, 32, 64, 128, 256};
    for (size_t i = 0; i < sizeof grid / sizeof grid[0]; i++) {
        emit(in, "episodic", "recall@10", recall_at(in, true, grid[i]), "1", (double)grid[i], 0);
        emit(in, "hnswlib", "recall@10", recall_at(in, false, grid[i]), "1", (double)grid[i], 0);
    }
    const size_t ef[2] = {choose_ef(in, false), choose_ef(in, true)};
    const double ours = recall_at(in, true, ef[1]), theirs = recall_at(in, false, ef[0]);
    const double reached = fmin(RECALL_TARGET, fmin(ours, theirs));
    emit(in, "episodic", "recall@10", ours, "1", (double)ef[1], 0);
    emit(in, "hnswlib", "recall@10", theirs, "1", (double)ef[0], 0);
    measure_queries(in, ef, reached, 0);
    measure_recall_calls(in, ef[1]);
    append(in, in->set.count, TAIL_COUNT);
    add_theirs(&(cost){0}, in, in->set.count, TAIL_COUNT);
    measure_queries(in, ef, reached, TAIL_COUNT);
}

/* The first search of a process that finds a saved graph and a tail to catch up with. */
static void measure_start(trial *in) {
    close_memory(in);
    double start = bench_now_s();
    open_memory(in);
    emit(in, "episodic", "open_ms", (bench_now_s() - start) * 1e3, "ms", -1, TAIL_COUNT);
    emit(in, "episodic", "first_query_ms", time_query(in, true, in->set.queries, 0) * 1e3, "ms", -1, TAIL_COUNT);
}

int main(int argc, char **argv) {
    uint64_t count = 0, dimension = 384, spread = SPREAD_DEFAULT;
    const bench_option options[] = {
        {.name = "--n", .argument = "COUNT", .help = "vectors; 50000 by default", .number = &count},
        {.name = "--dim", .argument = "COUNT", .help = "their elements; 384 by default", .number = &dimension},
        {.name = "--spread",
         .argument = "PERCENT",
         .help = "length of the noise around a centre; 70 by default",
         .number = &spread},
        {0}};
    bench_run run = {.name = "bench_vectors", .usage = "[DIR]", .about = about, .options = options, .argument_max = 1};
    bench_start(&run, argc, argv);
    if (count == 0) count = run.quick ? 5000 : 50000;
    const char *directory = bench_directory(run.argument_count ? run.arguments[0] : NULL);
    trial in = {.run = &run,
                .set = data_make(run.seed, count, dimension, (double)spread / 100.0, run.quick ? 300 : 1000)};
    in.ids = bench_alloc(count + TAIL_COUNT, sizeof *in.ids);
    snprintf(in.path, sizeof in.path, "%s/memory", directory);
    open_memory(&in);
    measure_inserting(&in);
    measure_disk(&in, directory);
    measure_finding(&in);
    measure_start(&in);
    close_memory(&in);
    measure_unindexed(&in, directory);
    hnswlib_peer_free(in.peer);
    free(in.ids), free(in.set.vectors), free(in.set.queries), free(in.set.truth);
    return 0;
}
