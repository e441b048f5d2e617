/* bench_projection.c - do the nearest neighbours of raw observations stay the nearest when they are projected?
 *
 * Observations are drawn from mixtures of 20 Gaussians. Where the elements are independent within each Gaussian, no
 * smaller space can keep neighbours, and that is shown too; the others are as sensors give them: elements that depend
 * on one another, so that variances of the directions fall by a power law, or that are a few hidden numbers and noise.
 * A projection is learned from a tenth of the observations and judged on others, which are queries into the rest.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <episodic/episodic.h>

#include "bench.h"

#define CENTRES 20u
#define NEIGHBOURS 10u
#define NOISE 0.05
#define LATENT_SHARE 8u /* hidden numbers: one for eight elements */

enum mixture { ISOTROPIC, POWER_1, POWER_2, LATENT, MIXTURES };
static const char *const names[MIXTURES] = {"isotropic", "power law 1", "power law 2", "hidden eighth"};
static const char *const kinds[] = {"learned", "random"};

static uint64_t count = 10000, queries = 500, rounds;
static const bench_option options[] = {
    {"--rows", "N", "observations (10000)", .number = &count},
    {"--queries", "N", "of them that are queries (500)", .number = &queries},
    {"--rounds", "N", "of learning (the default)", .number = &rounds},
    {0},
};

static bench_run run = {
    .name = "bench_projection",
    .usage = "",
    .about = "recall@10 of projections to a quarter of the elements, against exact search in the observations, raw or "
             "scaled.",
    .options = options,
};

/* ---- mixtures ---------------------------------------------------------------------------------------------------- */

/* rows x size numbers of the normal distribution, each divided by root(size): maps that keep lengths on average. */
static float *random_map(bench_random *random, size_t rows, size_t size) {
    float *map = bench_alloc(rows * size, sizeof *map);
    for (size_t i = 0; i < rows * size; i++) map[i] = (float)(bench_random_normal(random) / sqrt((double)size));
    return map;
}

static double deviation_of(enum mixture kind, size_t place) {
    if (kind == POWER_1) return pow((double)place + 1.0, -0.5); /* variances fall as 1/n, and as 1/n^2 */
    return kind == POWER_2 ? pow((double)place + 1.0, -1.0) : 1.0;
}

/* Hidden numbers of a Gaussian around its centre, mapped into the observation. */
static float *draw(enum mixture kind, size_t size, bench_random *random) {
    size_t hidden = kind == LATENT ? size / LATENT_SHARE : size;
    float *map = random_map(random, hidden, size), *rows = bench_alloc(count * size, sizeof *rows);
    double *centres = bench_alloc(CENTRES * hidden, sizeof *centres), *z = bench_alloc(hidden, sizeof *z);
    for (size_t i = 0; i < CENTRES * hidden; i++)
        centres[i] = 2.0 * bench_random_normal(random) * deviation_of(kind, i % hidden);
    for (size_t i = 0; i < count; i++) {
        const double *centre = centres + bench_random_below(random, CENTRES) * hidden;
        float *row = rows + i * size;
        for (size_t j = 0; j < hidden; j++) z[j] = centre[j] + bench_random_normal(random) * deviation_of(kind, j);
        for (size_t k = 0; k < size && kind == ISOTROPIC; k++) row[k] = (float)z[k];
        for (size_t j = 0; j < hidden && kind != ISOTROPIC; j++)
            for (size_t k = 0; k < size; k++) row[k] += (float)z[j] * map[j * size + k];
        for (size_t k = 0; k < size && kind == LATENT; k++)
            row[k] += (float)(NOISE * sqrt((double)hidden / (double)size) * bench_random_normal(random));
    }
    free(z);
    free(centres);
    free(map);
    return rows;
}

/* ---- neighbours -------------------------------------------------------------------------------------------------- */

static double distance(const float *a, const float *b, size_t size) {
    float sum = 0.0f;
    for (size_t i = 0; i < size; i++) sum += (a[i] - b[i]) * (a[i] - b[i]);
    return (double)sum;
}

/* The nearest of the rows behind the queries. */
static void nearest(size_t best[NEIGHBOURS], const float *rows, size_t size, size_t query) {
    double near[NEIGHBOURS];
    size_t found = 0;
    for (size_t i = queries; i < count; i++) {
        double d = distance(rows + query * size, rows + i * size, size);
        size_t at = found < NEIGHBOURS ? found++ : NEIGHBOURS;
        if (at == NEIGHBOURS && d >= near[NEIGHBOURS - 1]) continue;
        if (at == NEIGHBOURS) at--;
        for (; at > 0 && near[at - 1] > d; at--) near[at] = near[at - 1], best[at] = best[at - 1];
        near[at] = d;
        best[at] = i;
    }
}

static double recall(const float *raw, size_t size, const float *made, size_t dimension) {
    size_t truth[NEIGHBOURS], got[NEIGHBOURS], hits = 0;
    for (size_t q = 0; q < queries; q++) {
        nearest(truth, raw, size, q);
        nearest(got, made, dimension, q);
        for (size_t i = 0; i < NEIGHBOURS * NEIGHBOURS; i++) hits += truth[i / NEIGHBOURS] == got[i % NEIGHBOURS];
    }
    return (double)hits / (double)(queries * NEIGHBOURS);
}

/* Distances are those of the observations as they are, or as they are after scaling. */
static float *scaled(const float *rows, size_t size) {
    epi_projection_options o = epi_projection_options_default();
    epi_projection *p = NULL;
    float *made = bench_alloc(count * size, sizeof *made);
    o.kind = EPI_PROJECTION_IDENTITY;
    bench_check(epi_projection_learn(&p, rows, count, size, &o), "scaling");
    bench_check(epi_projection_apply(made, p, rows, count), "scaling");
    epi_projection_free(p);
    return made;
}

static void measure(enum mixture kind, size_t size, epi_projection_kind way, bool scale) {
    bench_random random = bench_random_of(run.seed, kind * 1000 + size);
    float *rows = draw(kind, size, &random), *unlike = scale ? scaled(rows, size) : NULL;
    epi_projection_options o = epi_projection_options_default();
    epi_projection *p = NULL;
    o.kind = way;
    o.scale = scale;
    o.rounds = (uint32_t)rounds;
    o.seed = run.seed;
    double began = bench_now_s();
    bench_check(epi_projection_learn(&p, rows + (count - count / 10) * size, count / 10, size, &o), "learn");
    double learned = bench_now_s() - began;
    size_t dimension = epi_projection_dimension(p);
    float *made = bench_alloc(count * dimension, sizeof *made);
    began = bench_now_s();
    bench_check(epi_projection_apply(made, p, rows, count), "apply");
    double applied = bench_now_s() - began;
    const bench_field config[] = {{"mixture", .text = names[kind]},
                                  {"size", .number = (double)size},
                                  {"dimension", .number = (double)dimension},
                                  {"projection", .text = kinds[way]},
                                  {"scale", .json = scale ? "true" : "false"}};
    const size_t fields = sizeof config / sizeof *config;
    bench_emit(&run, "recall@10", recall(scale ? unlike : rows, size, made, dimension), "1", config, fields);
    bench_emit(&run, "variance_kept", epi_projection_kept(p), "1", config, fields);
    bench_emit(&run, "learn_ms", learned * 1e3, "ms", config, fields);
    bench_emit(&run, "rows_per_s", (double)count / applied, "1/s", config, fields);
    epi_projection_free(p);
    free(made);
    free(unlike);
    free(rows);
}

int main(int argc, char **argv) {
    static const size_t sizes[] = {64, 128, 256};
    bench_start(&run, argc, argv);
    if (run.quick) count = count < 4000 ? count : 4000, queries = queries < 100 ? queries : 100;
    if (count < 100 || queries > count / 2) bench_fail("too few rows for %llu queries", (unsigned long long)queries);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        for (enum mixture kind = ISOTROPIC; kind < MIXTURES; kind++) {
            bench_progress("%s, %zu elements", names[kind], sizes[i]);
            measure(kind, sizes[i], EPI_PROJECTION_LEARNED, false);
            measure(kind, sizes[i], EPI_PROJECTION_LEARNED, true);
            measure(kind, sizes[i], EPI_PROJECTION_RANDOM, false);
        }
    }
    return 0;
}
