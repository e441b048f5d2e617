/* part_events.c - recombining events of the hidden world of world_events.h.
 *
 * For each of five seeds, each size and each share of outcomes that depend on who or where: so many events are
 * recorded. Then, of novel combinations only: the share that is possible among what the library imagines (all it draws,
 * and its best 100), among random mixes of all slots, and among mixes of two stored events. The last are judged too,
 * each by its plausibility: AUC is the chance that a possible one is judged higher than an impossible one. Over
 * "mixes-of-two" both are such mixes; the impossible ones of them are also set against what was imagined and is
 * possible, and against fresh events of the world; "imagined" has what was imagined alone. A reliability curve tells
 * how often what was judged about as plausible is possible. All again with bundles that were declared wrongly.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <episodic/episodic.h>

#include "parts.h"
#include "world_events.h"

enum { SEEDS = 5, BINS = 10, EVENTS_AN_EPISODE = 5, RANKED = 100 };

static const char *const right_context[] = {"who", "where"}, *const right_cause[] = {"what", "action", "outcome"};
static const char *const wrong_first[] = {"who", "what"}, *const wrong_second[] = {"where", "action", "outcome"};
static const epi_bundle bundles[2][2] = {{{right_context, 2}, {right_cause, 3}}, {{wrong_first, 2}, {wrong_second, 3}}};
static const char *const declared[] = {"right", "wrong"};

typedef struct judged {
    double plausibility;
    bool possible;
} judged;

typedef struct judgements {
    judged *items;
    size_t count, capacity;
} judgements;

typedef struct case_of {
    size_t n;
    double dependent;
    size_t wrong;     /* 0: right bundles */
    size_t questions; /* mixes and draws a seed */
} case_of;

typedef struct measured {
    judgements imagined, ranked, mixes, fresh;
    double random_possible, random_count;
} measured;

static void add(judgements *all, double plausibility, bool possible) {
    if (all->count == all->capacity) {
        all->capacity = all->capacity ? 2 * all->capacity : 1024;
        judged *grown = realloc(all->items, all->capacity * sizeof *grown);
        if (!grown) bench_fail("out of memory");
        all->items = grown;
    }
    all->items[all->count++] = (judged){plausibility, possible};
}

/* ---- the world and the library ----------------------------------------------------------------------------------- */

static size_t parts_of(epi_part *parts, char names[EVENT_ROLES][16], const event_tuple *event) {
    for (size_t i = 0; i < EVENT_ROLES; i++)
        parts[i] = epi_part_text(event_roles[i], event_name(names[i], i, event->value[i]));
    return EVENT_ROLES;
}

static event_tuple tuple_of(const epi_imagined_event *event) {
    event_tuple tuple = {{0}};
    for (size_t i = 0; i < event->part_count; i++)
        for (size_t role = 0; role < EVENT_ROLES; role++)
            if (strcmp(event->parts[i].role, event_roles[role]) == 0)
                tuple.value[role] = (uint8_t)strtoul(strrchr(event->parts[i].data, '-') + 1, NULL, 10);
    return tuple;
}

static void record(epi_space *space, const event_tuple *events, size_t count) {
    epi_episode *episode = NULL;
    for (size_t i = 0; i < count; i++) {
        char names[EVENT_ROLES][16];
        epi_part parts[EVENT_ROLES];
        epi_step step = epi_step_default();
        if (i % EVENTS_AN_EPISODE == 0) {
            epi_episode_close(episode);
            bench_check(epi_episode_begin(&episode, space, NULL), "an episode");
        }
        step.part_count = parts_of(parts, names, &events[i]);
        step.parts = parts;
        bench_check(epi_episode_append(NULL, episode, &step), "an event");
    }
    epi_episode_close(episode);
}

static bool is_stored(const event_tuple *events, size_t count, const event_tuple *event) {
    for (size_t i = 0; i < count; i++)
        if (memcmp(&events[i], event, sizeof *event) == 0) return true;
    return false;
}

static epi_imagine_events_options options_of(const case_of *c, uint64_t seed) {
    epi_imagine_events_options options = epi_imagine_events_options_default();
    options.bundles = bundles[c->wrong];
    options.bundle_count = 2;
    options.seed = seed;
    return options;
}

static double judge(epi_space *space, const event_tuple *event, const epi_imagine_events_options *options) {
    char names[EVENT_ROLES][16];
    epi_part parts[EVENT_ROLES];
    epi_event_judgement judgement;
    bench_check(epi_judge_event(&judgement, space, parts, parts_of(parts, names, event), options), "judging");
    return judgement.plausibility;
}

static void measure_imagined(judgements *all, epi_space *space, const event_world *world,
                             const epi_imagine_events_options *options) {
    epi_events *events = NULL;
    bench_check(epi_imagine_events(&events, space, NULL, 0, options), "imagining events");
    for (size_t i = 0; i < epi_events_count(events); i++) {
        const epi_imagined_event *event = epi_events_get(events, i);
        event_tuple tuple = tuple_of(event);
        add(all, event->plausibility, event_world_possible(world, &tuple));
    }
    epi_events_free(events);
}

/* ---- one seed ---------------------------------------------------------------------------------------------------- */

static void measure_mixes(measured *m, const case_of *c, epi_space *space, const event_world *world,
                          const event_tuple *events, const epi_imagine_events_options *options, bench_random *random) {
    for (size_t i = 0; i < c->questions; i++) {
        event_tuple slots, fresh = event_world_draw(world, random);
        const event_tuple *one = &events[bench_random_below(random, c->n)];
        const event_tuple *other = &events[bench_random_below(random, c->n)];
        event_tuple mix = event_mix(one, other, random);
        for (size_t role = 0; role < EVENT_ROLES; role++)
            slots.value[role] = events[bench_random_below(random, c->n)].value[role];
        if (!is_stored(events, c->n, &slots)) {
            m->random_possible += event_world_possible(world, &slots) ? 1.0 : 0.0;
            m->random_count += 1.0;
        }
        if (!is_stored(events, c->n, &mix))
            add(&m->mixes, judge(space, &mix, options), event_world_possible(world, &mix));
        if (!is_stored(events, c->n, &fresh)) add(&m->fresh, judge(space, &fresh, options), true);
    }
}

static void measure_seed(measured *m, const case_of *c, epi_memory *memory, uint64_t seed) {
    char name[96];
    epi_space *space = NULL;
    event_world *world = event_world_new(seed, c->dependent);
    bench_random random = bench_random_of(seed, 5);
    event_tuple *events = bench_alloc(c->n, sizeof *events);
    snprintf(name, sizeof name, "events-%llu-%zu-%.0f-%zu", (unsigned long long)seed, c->n, 100.0 * c->dependent,
             c->wrong);
    for (size_t i = 0; i < c->n; i++) events[i] = event_world_draw(world, &random);
    bench_check(epi_space_open(&space, memory, name, epi_schema_events()), "a space");
    record(space, events, c->n);
    epi_imagine_events_options options = options_of(c, seed);
    options.k = EPI_EVENT_COUNT_MAX;
    options.draws = (uint32_t)c->questions;
    measure_imagined(&m->imagined, space, world, &options);
    options.k = RANKED;
    options.draws = 0;
    measure_imagined(&m->ranked, space, world, &options);
    measure_mixes(m, c, space, world, events, &options, &random);
    epi_space_close(space);
    event_world_free(world);
    free(events);
}

/* ---- results ----------------------------------------------------------------------------------------------------- */

static double possible_pct(const judgements *all) {
    double possible = 0.0;
    for (size_t i = 0; i < all->count; i++) possible += all->items[i].possible ? 1.0 : 0.0;
    return all->count ? 100.0 * possible / (double)all->count : (double)NAN;
}

static int by_plausibility(const void *a, const void *b) {
    double x = ((const judged *)a)->plausibility, y = ((const judged *)b)->plausibility;
    return (x > y) - (x < y);
}

/* Mann and Whitney's statistic; those judged alike count half. */
static double auc(judgements *all) {
    double possible = 0.0, impossible = 0.0, wins = 0.0;
    qsort(all->items, all->count, sizeof *all->items, by_plausibility);
    for (size_t at = 0; at < all->count;) {
        double here[2] = {0.0, 0.0};
        size_t end = at;
        for (; end < all->count && !(all->items[end].plausibility > all->items[at].plausibility); end++)
            here[all->items[end].possible] += 1.0;
        wins += here[1] * (impossible + 0.5 * here[0]);
        impossible += here[0];
        possible += here[1];
        at = end;
    }
    return possible > 0.0 && impossible > 0.0 ? wins / (possible * impossible) : (double)NAN;
}

#define CASE(c) \
    {"world", .text = "events"}, {"n", .number = (double)(c)->n}, {"dependent", .number = (c)->dependent}, \
        {"bundles", .text = declared[(c)->wrong]}

static void emit_share(const bench_run *run, const case_of *c, const char *by, double share, double count) {
    if (count > 0.0)
        bench_emit(run, "possible_pct", share, "percent",
                   BENCH_CONFIG(CASE(c), {"by", .text = by}, {"events", .number = count}, {"seeds", .number = SEEDS}));
}

static void emit_auc(const bench_run *run, const case_of *c, const char *over, judgements *all) {
    double area = auc(all);
    if (!isnan(area))
        bench_emit(run, "auc", area, "probability",
                   BENCH_CONFIG(CASE(c), {"over", .text = over}, {"events", .number = (double)all->count},
                                {"seeds", .number = SEEDS}));
}

static void emit_reliability(const bench_run *run, const case_of *c, const char *over, const judgements *all) {
    double judged_sum[BINS] = {0}, possible[BINS] = {0}, count[BINS] = {0};
    for (size_t i = 0; i < all->count; i++) {
        const judged *one = &all->items[i];
        size_t bin = one->plausibility >= 1.0 ? BINS - 1 : (size_t)(one->plausibility * BINS);
        judged_sum[bin] += one->plausibility;
        possible[bin] += one->possible ? 1.0 : 0.0;
        count[bin] += 1.0;
    }
    for (size_t i = 0; i < BINS; i++)
        if (count[i] > 0.0)
            bench_emit(run, "reliability", possible[i] / count[i], "probability",
                       BENCH_CONFIG(CASE(c), {"over", .text = over}, {"judged", .number = judged_sum[i] / count[i]},
                                    {"events", .number = count[i]}));
}

static void emit(const bench_run *run, const case_of *c, measured *m) {
    emit_share(run, c, "imagined", possible_pct(&m->imagined), (double)m->imagined.count);
    emit_share(run, c, "imagined-best-100", possible_pct(&m->ranked), (double)m->ranked.count);
    emit_share(run, c, "random-mixes", 100.0 * m->random_possible / m->random_count, m->random_count);
    emit_share(run, c, "mixes-of-two", possible_pct(&m->mixes), (double)m->mixes.count);
    emit_auc(run, c, "mixes-of-two", &m->mixes);
    for (size_t i = 0; i < m->mixes.count; i++)
        if (!m->mixes.items[i].possible) add(&m->fresh, m->mixes.items[i].plausibility, false);
    emit_auc(run, c, "fresh-events-and-mixes", &m->fresh);
    emit_auc(run, c, "imagined", &m->imagined);
    judgements both = {0};
    for (size_t i = 0; i < m->imagined.count; i++)
        if (m->imagined.items[i].possible) add(&both, m->imagined.items[i].plausibility, true);
    for (size_t i = 0; i < m->mixes.count; i++)
        if (!m->mixes.items[i].possible) add(&both, m->mixes.items[i].plausibility, false);
    emit_auc(run, c, "imagined-and-mixes", &both);
    free(both.items);
    emit_reliability(run, c, "mixes-of-two", &m->mixes);
    emit_reliability(run, c, "imagined", &m->imagined);
}

static void measure(const bench_run *run, const case_of *c, epi_memory *memory) {
    measured m = {0};
    for (uint64_t s = 0; s < SEEDS; s++) {
        bench_progress("events: %zu, %.0f %% dependent, %s bundles, seed %zu of %d", c->n, 100.0 * c->dependent,
                       declared[c->wrong], (size_t)s + 1, SEEDS);
        measure_seed(&m, c, memory, run->seed + s);
    }
    emit(run, c, &m);
    free(m.imagined.items);
    free(m.ranked.items);
    free(m.mixes.items);
    free(m.fresh.items);
}

void bench_part_events(const bench_run *run) {
    static const size_t sizes[] = {200, 1000, 5000};
    static const double dependents[] = {0.0, 0.1, 0.3, 0.6};
    epi_memory *memory = NULL;
    epi_memory_options options = epi_memory_options_default();
    char path[4200];
    options.sync = EPI_SYNC_MANUAL;
    snprintf(path, sizeof path, "%s/events", bench_part_directory());
    bench_check(epi_memory_open(&memory, path, &options), "the memory");
    for (size_t i = 0; i < (run->quick ? 2 : 3); i++)
        for (size_t d = 0; d < 4; d++)
            for (size_t wrong = 0; wrong < 2; wrong++) {
                case_of c = {sizes[i], dependents[d], wrong, run->quick ? 400 : 2000};
                if (!run->quick || (d % 2 == 0 && sizes[i] == 1000)) measure(run, &c, memory);
            }
    epi_memory_close(memory);
}
