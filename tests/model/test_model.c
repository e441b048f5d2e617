/* Random operations on a memory against a naive model of it, with every answer compared.
 *
 * A sequence of operations is made from a seed; each operation is four random numbers that are read against the state
 * it meets, so a sequence stays a sequence when operations are cut out of it. Each sequence runs in a child process,
 * on a memory of its own. One that fails is made shorter while it still fails, and printed.
 *
 *   model_model [SEED [COUNT]]      one sequence; EPISODIC_TEST_SECONDS: how long without arguments (10)
 */
#include "place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define OPERATIONS_MAX 160
#define STEPS_MAX 2048
#define EPISODES_MAX 128
#define HANDLES 6
#define BATCH 8
#define EXTERNALS 12
#define BOGUS (1ull << 40)

typedef struct operation {
    uint32_t kind, a, b, c;
} operation;

typedef struct step {
    uint64_t id, episode, supersedes, index;
    char text[48];
    int external; /* 0: none */
    bool forgotten, removed;
} step;

typedef struct episode {
    uint64_t id, next_index;
    bool ended, removed;
} episode;

typedef struct world {
    place place;
    step steps[STEPS_MAX];
    size_t step_count;
    episode episodes[EPISODES_MAX];
    size_t episode_count;
    struct {
        epi_episode *episode;
        size_t at; /* in episodes */
        bool ended;
    } handles[HANDLES];
    uint64_t running;
    unsigned texts, spaces;
    bool loud;
} world;

/* In a child a failed check ends the process; the parent counts and shrinks. */
#define CHECK(condition)                                                                    \
    do {                                                                                    \
        if (!(condition)) {                                                                 \
            if (w->loud)                                                                    \
                print_error("%s:%d: %s (last error: %s)\n", __FILE__, __LINE__, #condition, \
                            epi_error_last()->message);                                     \
            _exit(1);                                                                       \
        }                                                                                   \
    } while (0)
#define STATUS(expected, call)                                                                                         \
    do {                                                                                                               \
        epi_status got_ = (call), want_ = (expected);                                                                  \
        if (got_ != want_) {                                                                                           \
            if (w->loud)                                                                                               \
                print_error("%s:%d: %s gave %s (%s), expected %s\n", __FILE__, __LINE__, #call, epi_status_name(got_), \
                            epi_error_last()->message, epi_status_name(want_));                                        \
            _exit(1);                                                                                                  \
        }                                                                                                              \
    } while (0)

static uint64_t next_random(uint64_t *state) { /* splitmix64 */
    uint64_t z = (*state += 0x9E3779B97F4A7C15ull);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
}

/* ---- the model --------------------------------------------------------------------------------------------------- */

static step *find(world *w, uint64_t id) {
    for (size_t i = 0; i < w->step_count; i++)
        if (w->steps[i].id == id) return &w->steps[i];
    return NULL;
}

static episode *episode_of(world *w, uint64_t id) {
    for (size_t i = 0; i < w->episode_count; i++)
        if (w->episodes[i].id == id) return &w->episodes[i];
    return NULL;
}

static uint64_t superseded_by(const world *w, uint64_t id) {
    uint64_t newest = 0;
    for (size_t i = 0; i < w->step_count; i++) /* in order of appending */
        if (!w->steps[i].removed && w->steps[i].supersedes == id) newest = w->steps[i].id;
    return newest;
}

static size_t steps_of(const world *w, uint64_t episode_id) {
    size_t count = 0;
    for (size_t i = 0; i < w->step_count; i++) count += !w->steps[i].removed && w->steps[i].episode == episode_id;
    return count;
}

static step *with_external(world *w, int external) {
    for (size_t i = 0; external && i < w->step_count; i++)
        if (!w->steps[i].removed && w->steps[i].external == external) return &w->steps[i];
    return NULL;
}

/* What appending this step must answer. */
static epi_status judge(world *w, const step *wanted, step **present) {
    *present = with_external(w, wanted->external);
    if (*present) return strcmp((*present)->text, wanted->text) == 0 ? EPI_OK : EPI_ECONFLICT;
    if (!wanted->supersedes) return EPI_OK;
    const step *old = find(w, wanted->supersedes);
    return !old ? EPI_ENOTFOUND : old->removed ? EPI_ESTALE : EPI_OK;
}

static void model_remove(world *w, step *s) {
    if (s->removed) return;
    s->removed = true;
    episode *e = episode_of(w, s->episode);
    if (steps_of(w, s->episode) > 0) return;
    e->removed = true;
    if (w->running == e->id) w->running = 0;
}

/* ---- operations -------------------------------------------------------------------------------------------------- */

static step draft(world *w, const operation *o, unsigned salt) {
    step s = {0};
    unsigned kind = (o->b + salt * 7) % 8;
    if (kind < 2) {
        s.external = (int)((o->c + salt) % EXTERNALS) + 1;
        (void)snprintf(s.text, sizeof s.text, "e%uv%ux", (unsigned)s.external, (o->c >> 8) % 5 == 0);
    } else {
        (void)snprintf(s.text, sizeof s.text, "w%ux and more", ++w->texts);
    }
    if (kind == 2 && w->step_count) s.supersedes = w->steps[(o->c + salt) % w->step_count].id;
    if (kind == 3 && o->c % 16 == 0) s.supersedes = BOGUS;
    return s;
}

static void fill(epi_step *out, epi_part parts[2], char external[16], const step *s) {
    *out = place_step(parts, s->text);
    out->supersedes = s->supersedes;
    out->event_time = epi_time_from_unix(1700000000);
    (void)snprintf(external, 16, "x%d", s->external);
    if (s->external) out->external_id = external;
}

static void model_append(world *w, episode *e, const step *s, uint64_t id) {
    CHECK(id > 0 && !find(w, id)); /* never given before */
    CHECK(w->step_count < STEPS_MAX);
    step *made = &w->steps[w->step_count++];
    *made = *s;
    made->id = id;
    made->episode = e->id;
    made->index = e->next_index++;
}

static void op_append(world *w, const operation *o) {
    size_t count = o->b % 3 == 0 ? 1 + o->c % BATCH : 1, before = w->step_count, at = o->a % HANDLES;
    epi_step given[BATCH];
    epi_part parts[BATCH][2];
    char external[BATCH][16];
    step drafts[BATCH];
    uint64_t ids[BATCH];
    if (!w->handles[at].episode) return;
    episode *e = &w->episodes[w->handles[at].at];
    for (size_t i = 0; i < count; i++) {
        drafts[i] = draft(w, o, (unsigned)i);
        fill(&given[i], parts[i], external[i], &drafts[i]);
    }
    epi_status got = epi_episode_append_many(ids, w->handles[at].episode, given, count);
    epi_status expected = w->handles[at].ended ? EPI_EENDED : e->removed ? EPI_ESTALE : e->ended ? EPI_EENDED : EPI_OK;
    uint64_t next_index = e->next_index;
    for (size_t i = 0; !expected && i < count; i++) {
        step *present = NULL;
        expected = judge(w, &drafts[i], &present);
        if (!expected && present) CHECK(got || ids[i] == present->id);
        if (!expected && !present) model_append(w, e, &drafts[i], got ? BOGUS + 1 + i : ids[i]);
    }
    STATUS(expected, got);
    if (!expected) return;
    w->step_count = before; /* all or none */
    e->next_index = next_index;
}

static void op_remember(world *w, const operation *o) {
    epi_step given;
    epi_part parts[2];
    char external[16];
    uint64_t id = 0, in = 0;
    step s = draft(w, o, 0), *present = NULL;
    fill(&given, parts, external, &s);
    epi_status expected = judge(w, &s, &present);
    STATUS(expected, epi_remember(&id, &in, w->place.space, &given));
    if (expected) return;
    if (present) {
        CHECK(id == present->id && in == present->episode);
        return;
    }
    episode *running = w->running ? episode_of(w, w->running) : NULL;
    if (running && running->ended) running = NULL;
    if (!running) {
        CHECK(!episode_of(w, in) && w->episode_count < EPISODES_MAX);
        running = &w->episodes[w->episode_count++];
        *running = (episode){.id = in};
        w->running = in;
    }
    CHECK(in == running->id);
    model_append(w, running, &s, id);
}

static void close_handle(world *w, size_t at) {
    epi_episode_close(w->handles[at].episode);
    w->handles[at].episode = NULL;
}

static void op_begin(world *w, const operation *o) {
    size_t at = o->a % HANDLES;
    if (w->episode_count == EPISODES_MAX) return;
    close_handle(w, at);
    STATUS(EPI_OK, epi_episode_begin(&w->handles[at].episode, w->place.space, NULL));
    w->handles[at].at = w->episode_count;
    w->handles[at].ended = false;
    uint64_t id = epi_episode_id(w->handles[at].episode);
    CHECK(!episode_of(w, id));
    w->episodes[w->episode_count++] = (episode){.id = id};
}

static void op_end(world *w, const operation *o) {
    size_t at = o->a % HANDLES;
    if (!w->handles[at].episode) return;
    episode *e = &w->episodes[w->handles[at].at];
    STATUS(e->removed ? EPI_ESTALE : EPI_OK, epi_episode_end(w->handles[at].episode, NULL));
    if (e->removed) return;
    e->ended = w->handles[at].ended = true;
    if (w->running == e->id) w->running = 0;
}

static void op_resume(world *w, const operation *o) {
    size_t at = o->a % HANDLES;
    if (w->episode_count == 0) return;
    close_handle(w, at);
    episode *e = &w->episodes[o->b % w->episode_count];
    STATUS(e->removed ? EPI_ESTALE : EPI_OK, epi_episode_resume(&w->handles[at].episode, w->place.space, e->id));
    if (e->removed) return;
    e->ended = w->handles[at].ended = false;
    w->handles[at].at = (size_t)(e - w->episodes);
}

/* A filter over some steps or an episode; which model steps it names. */
static size_t choose(world *w, const operation *o, epi_filter *filter, uint64_t ids[BATCH], step *chosen[STEPS_MAX]) {
    size_t count = 0;
    *filter = epi_filter_default();
    if (w->step_count == 0) return 0;
    if (o->a % 4 == 0) {
        ids[0] = w->steps[o->b % w->step_count].episode;
        filter->episodes = ids;
        filter->episode_count = 1;
        for (size_t i = 0; i < w->step_count; i++)
            if (w->steps[i].episode == ids[0] && !w->steps[i].removed) chosen[count++] = &w->steps[i];
        return count;
    }
    filter->steps = ids;
    filter->step_count = 1 + o->c % (BATCH - 1);
    for (size_t i = 0; i < filter->step_count; i++) {
        step *s = &w->steps[(o->b + i * i) % w->step_count];
        ids[i] = s->id;
        bool again = s->removed;
        for (size_t j = 0; j < count; j++) again = again || chosen[j] == s;
        if (!again) chosen[count++] = s;
    }
    return count;
}

static void op_go(world *w, const operation *o) {
    static step *chosen[STEPS_MAX];
    uint64_t ids[BATCH], changed = 0, expected = 0;
    epi_filter filter;
    size_t count = choose(w, o, &filter, ids, chosen);
    if (!filter.steps && !filter.episodes) return;
    unsigned way = o->kind % 3;
    for (size_t i = 0; i < count; i++) {
        bool hidden = superseded_by(w, chosen[i]->id) != 0;
        if (way == 0) expected += !chosen[i]->forgotten && !hidden;
        if (way == 1) expected += chosen[i]->forgotten;
        if (way == 2) expected++;
    }
    if (way == 0) STATUS(EPI_OK, epi_forget(&changed, w->place.space, &filter, 0, false));
    if (way == 1) STATUS(EPI_OK, epi_restore(&changed, w->place.space, &filter));
    if (way == 2) STATUS(EPI_OK, epi_remove(&changed, w->place.space, &filter, false));
    CHECK(changed == expected);
    static bool hidden[STEPS_MAX];
    for (size_t i = 0; i < count; i++) hidden[i] = superseded_by(w, chosen[i]->id) != 0;
    for (size_t i = 0; i < count; i++) {
        if (way == 0 && !hidden[i]) chosen[i]->forgotten = true;
        if (way == 1) chosen[i]->forgotten = false;
        if (way == 2) model_remove(w, chosen[i]);
    }
}

static void open_space(world *w) {
    char name[32];
    (void)snprintf(name, sizeof name, "s%u", w->spaces);
    STATUS(EPI_OK, epi_space_open(&w->place.space, w->place.memory, name, epi_schema_conversation()));
}

static void close_all(world *w) {
    for (size_t i = 0; i < HANDLES; i++) close_handle(w, i);
    epi_space_close(w->place.space);
    STATUS(EPI_OK, epi_memory_close(w->place.memory));
}

static void op_reopen(world *w, const operation *o) {
    close_all(w);
    w->place.options.sync = (epi_sync_policy)(o->a % 3);
    w->place.options.group_size = o->b % 2 ? 2000 : 0;
    w->place.options.group_ms = o->b % 3 ? 1 : 0;
    STATUS(EPI_OK, epi_memory_open(&w->place.memory, w->place.path, &w->place.options));
    open_space(w);
}

static void op_drop(world *w, const operation *o) {
    if (o->a % 3) return;
    char name[32];
    (void)snprintf(name, sizeof name, "s%u", w->spaces);
    STATUS(EPI_OK, epi_sync(NULL, w->place.memory));
    STATUS(EPI_OK, epi_space_drop(w->place.memory, name));
    for (size_t i = 0; i < HANDLES; i++) {
        if (w->handles[i].episode) STATUS(EPI_ESTALE, epi_episode_end(w->handles[i].episode, NULL));
        close_handle(w, i);
    }
    epi_space_close(w->place.space);
    w->spaces += o->b % 2; /* the same name or another */
    w->step_count = w->episode_count = 0;
    w->running = 0;
    open_space(w);
}

static void op_tidy(world *w, const operation *o) {
    epi_upkeep_options options = epi_upkeep_options_default();
    options.index = o->a % 3 != 0;
    if (o->b % 4 == 0)
        STATUS(EPI_OK, epi_memory_compact(w->place.memory));
    else if (o->b % 4 == 1)
        STATUS(EPI_OK, epi_sync(NULL, w->place.memory));
    else
        STATUS(EPI_OK, epi_space_upkeep(NULL, w->place.space, &options));
}

/* ---- comparing --------------------------------------------------------------------------------------------------- */

static void compare_step(world *w, const epi_scene *scene, const epi_recalled_step *got, const step *s) {
    const epi_recalled_part *part = epi_scene_part(scene, got, "text");
    CHECK(got->id == s->id && got->episode == s->episode && got->index == s->index);
    CHECK(got->supersedes == s->supersedes && got->superseded_by == superseded_by(w, s->id));
    CHECK(got->forgotten == s->forgotten && !s->removed);
    CHECK(part && part->size == strlen(s->text) && memcmp(part->data, s->text, part->size) == 0);
}

static void compare_steps(world *w) {
    uint64_t after = 0;
    size_t seen = 0, live = 0;
    for (;;) {
        epi_recollection *page = NULL;
        STATUS(EPI_OK, epi_steps_read(&page, w->place.space, after, 7));
        size_t before = seen;
        for (size_t i = 0; i < epi_recollection_count(page); i++) {
            const epi_scene *scene = epi_recollection_scene(page, i);
            for (size_t j = 0; j < scene->step_count; j++, seen++) {
                const epi_recalled_step *got = epi_scene_step(scene, j);
                const step *s = find(w, got->id);
                CHECK(s && got->id > after);
                compare_step(w, scene, got, s);
                after = got->id;
            }
        }
        epi_recollection_free(page);
        if (seen == before) break;
    }
    for (size_t i = 0; i < w->step_count; i++) live += !w->steps[i].removed;
    CHECK(seen == live);
}

static void compare_episode(world *w, const episode *e) {
    epi_recollection *found = NULL;
    size_t at = 0;
    STATUS(e->removed ? EPI_ESTALE : EPI_OK, epi_episode_read(&found, w->place.space, e->id, 0, 0));
    const epi_scene *scene = epi_recollection_scene(found, 0);
    for (size_t i = 0; !e->removed && i < w->step_count; i++) {
        const step *s = &w->steps[i];
        if (s->episode != e->id || s->removed || s->forgotten) continue;
        CHECK(scene && at < scene->step_count);
        compare_step(w, scene, epi_scene_step(scene, at++), s);
    }
    CHECK(at == (scene ? scene->step_count : 0));
    epi_recollection_free(found);
}

static void compare_recall(world *w, const step *s) {
    epi_recollection *found = NULL;
    bool live = !s->removed && !s->forgotten && !superseded_by(w, s->id), there = false;
    char word[48];
    (void)snprintf(word, sizeof word, "%.*s", (int)strcspn(s->text, " "), s->text);
    STATUS(EPI_OK, epi_recall_text(&found, w->place.space, word, NULL));
    for (size_t i = 0; i < epi_recollection_hit_count(found); i++)
        there = there || epi_recollection_hit(found, i)->step == s->id;
    if (there != live && w->loud)
        print_error("step %llu \"%s\": live %d, found %d\n", (unsigned long long)s->id, s->text, live, there);
    CHECK(there == live);
    epi_recollection_free(found);
}

static void compare_stats(world *w) {
    epi_space_stats stats;
    uint64_t steps = 0, forgotten = 0, superseded = 0, episodes = 0;
    for (size_t i = 0; i < w->step_count; i++) {
        if (w->steps[i].removed) continue;
        steps++;
        forgotten += w->steps[i].forgotten;
        superseded += superseded_by(w, w->steps[i].id) != 0;
    }
    for (size_t i = 0; i < w->episode_count; i++) episodes += !w->episodes[i].removed;
    STATUS(EPI_OK, epi_space_stats_read(&stats, w->place.space));
    CHECK(stats.steps == steps && stats.forgotten == forgotten && stats.superseded == superseded);
    CHECK(stats.episodes == episodes && stats.vectors == steps);
}

static bool show(void *context, const epi_violation *violation) {
    if (((world *)context)->loud)
        print_error("violation: %s %s: %s\n", violation->table, violation->key, violation->reason);
    return true;
}

static void compare(world *w, unsigned salt) {
    epi_check_report report;
    compare_steps(w);
    compare_stats(w);
    for (size_t i = 0; i < w->episode_count; i++) compare_episode(w, &w->episodes[i]);
    for (size_t i = salt % 3; i < w->step_count; i += 3) compare_recall(w, &w->steps[i]);
    STATUS(EPI_OK, epi_memory_check(&report, w->place.memory, show, w));
    CHECK(report.violations == 0);
}

/* ---- sequences --------------------------------------------------------------------------------------------------- */

static void apply(world *w, const operation *o) {
    unsigned kind = o->kind >> 8;
    switch (kind % 16) {
    case 0: op_begin(w, o); break;
    case 1: op_end(w, o); break;
    case 2: op_resume(w, o); break;
    case 3:
    case 4:
    case 5: op_go(w, o); break;
    case 6: op_tidy(w, o); break;
    case 7:
        if (o->c % 3 == 0) op_reopen(w, o);
        break;
    case 8:
        if (o->c % 5 == 0) op_drop(w, o);
        break;
    case 9:
    case 10: op_remember(w, o); break;
    default: op_append(w, o); break;
    }
}

static void run(const operation *operations, size_t count, bool loud) {
    world *w = calloc(1, sizeof *w);
    if (!w) _exit(2);
    w->loud = loud;
    place_make(&w->place);
    STATUS(EPI_OK, epi_memory_open(&w->place.memory, w->place.path, &w->place.options));
    open_space(w);
    for (size_t i = 0; i < count; i++) {
        if (loud)
            print_message("  %u %u %u %u\n", operations[i].kind, operations[i].a, operations[i].b, operations[i].c);
        apply(w, &operations[i]);
        if (i % 12 == 11) compare(w, (unsigned)i);
    }
    compare(w, 0);
    close_all(w);
    place_remove(&w->place);
    free(w);
}

static bool holds(const operation *operations, size_t count, bool loud) {
    pid_t child = fork();
    if (child == 0) {
        alarm(120);
        run(operations, count, loud);
        exit(0); /* not _exit: a leak is a failure too */
    }
    int status = 0;
    (void)waitpid(child, &status, 0);
    if (loud && WIFSIGNALED(status)) print_error("signal %d\n", WTERMSIG(status));
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* Cuts pieces out, large ones first, as long as what is left fails. */
static size_t shrink(operation *operations, size_t count) {
    operation shorter[OPERATIONS_MAX];
    for (size_t piece = count / 2; piece > 0; piece /= 2)
        for (size_t at = 0; at + piece <= count;) {
            memcpy(shorter, operations, at * sizeof *shorter);
            memcpy(shorter + at, operations + at + piece, (count - at - piece) * sizeof *shorter);
            if (holds(shorter, count - piece, false)) {
                at += piece;
                continue;
            }
            count -= piece;
            memcpy(operations, shorter, count * sizeof *shorter);
        }
    return count;
}

static bool sequence_holds(uint64_t seed, size_t count) {
    operation operations[OPERATIONS_MAX] = {{0}};
    uint64_t state = seed;
    for (size_t i = 0; i < count; i++) {
        uint64_t x = next_random(&state), y = next_random(&state);
        operations[i] = (operation){(uint32_t)x >> 4, (uint32_t)(x >> 32) >> 4, (uint32_t)y >> 4,
                                    (uint32_t)(y >> 32) >> 4};
    }
    if (holds(operations, count, false)) return true;
    print_error("seed %llu of %zu operations fails; shortest that does:\n", (unsigned long long)seed, count);
    count = shrink(operations, count);
    (void)holds(operations, count, true);
    return false;
}

int main(int argc, char **argv) {
    uint64_t seconds = place_seconds("EPISODIC_TEST_SECONDS", 10);
    uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 10) : (uint64_t)time(NULL) * 1000003u, sequences = 0,
             operations = 0;
    size_t count = argc > 2 ? strtoull(argv[2], NULL, 10) : 60;
    if (count > OPERATIONS_MAX) count = OPERATIONS_MAX;
    (void)fflush(NULL);
    if (argc > 1) return sequence_holds(seed, count) ? 0 : 1;
    for (time_t end = time(NULL) + (time_t)seconds; time(NULL) < end; sequences++, seed++) {
        size_t length = sequences % 4 == 3 ? OPERATIONS_MAX : count;
        if (!sequence_holds(seed, length)) return 1;
        operations += length;
    }
    (void)printf("%llu sequences of %llu operations, seeds up to %llu\n", (unsigned long long)sequences,
                 (unsigned long long)operations, (unsigned long long)seed - 1);
    return 0;
}
