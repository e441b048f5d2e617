/* ledger.c - see ledger.h. */
#include "ledger.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define BATCH 16u
#define BREADTH 8192u

uint64_t ledger_clock_us(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

uint64_t ledger_random(uint64_t *state) { /* splitmix64 */
    uint64_t z = (*state += 0x9E3779B97F4A7C15ull);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
}

ledger *ledger_new(void) {
    void *map = mmap(NULL, sizeof(ledger), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return map == MAP_FAILED ? NULL : map;
}

void ledger_free(ledger *l) {
    (void)munmap(l, sizeof *l);
}

/* A word of its own, some that many share, and now and then enough for a component. */
void ledger_text(char text[128], unsigned writer, uint32_t number) {
    (void)snprintf(text, 128, "w%uq%ux says number %u of many%s", writer, number, number % 50,
                   number % 7 ? "" : " and goes on for so long that it is kept outside of its row");
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

typedef struct writing {
    ledger *ledger;
    unsigned writer;
    uint64_t random;
    epi_memory *memory;
    epi_space *space;
    epi_episode *episode;
    bool each;             /* each call is acknowledged when it returns */
    uint32_t acknowledged; /* numbers below are */
    uint32_t kept;         /* the episode's first step, never removed: an episode goes with its last one */
} writing;

static int failed(const char *what, epi_status status) {
    print_error("%d: %s: %s: %s\n", (int)getpid(), what, epi_status_name(status), epi_error_last()->message);
    return 1;
}

/* Everything appended so far is durable. */
static void acknowledge(writing *w) {
    ledger_entry *entries = w->ledger->entries[w->writer];
    uint32_t count = w->ledger->counts[w->writer];
    for (; w->acknowledged < count; w->acknowledged++)
        if (entries[w->acknowledged].state == LEDGER_ADDING) entries[w->acknowledged].state = LEDGER_STORED;
}

static int append(writing *w, uint32_t count) {
    char texts[BATCH][128], external[BATCH][32];
    epi_part parts[BATCH][2];
    epi_step steps[BATCH];
    uint64_t ids[BATCH];
    uint32_t first = w->ledger->counts[w->writer];
    ledger_entry *entries = w->ledger->entries[w->writer];
    for (uint32_t i = 0; i < count; i++) {
        ledger_text(texts[i], w->writer, first + i);
        (void)snprintf(external[i], sizeof external[i], "%u-%u", w->writer, first + i);
        steps[i] = place_step(parts[i], texts[i]);
        if ((first + i) % 3 == 0) steps[i].external_id = external[i];
        entries[first + i].state = LEDGER_ADDING;
    }
    atomic_store(&w->ledger->counts[w->writer], first + count);
    epi_status status = count == 1 ? epi_episode_append(ids, w->episode, steps)
                                   : epi_episode_append_many(ids, w->episode, steps, count);
    if (status) return failed("append", status);
    for (uint32_t i = 0; i < count; i++) entries[first + i].step = ids[i];
    if (w->each) acknowledge(w);
    return 0;
}

static int remove_some(writing *w) {
    uint64_t steps[4], removed = 0;
    uint32_t numbers[4], count = 0;
    ledger_entry *entries = w->ledger->entries[w->writer];
    for (int i = 0; i < 4 && w->acknowledged > 0; i++) {
        uint32_t number = (uint32_t)(ledger_random(&w->random) % w->acknowledged);
        if (number == w->kept || entries[number].state != LEDGER_STORED) continue;
        entries[number].state = LEDGER_REMOVING;
        steps[count] = entries[number].step;
        numbers[count++] = number;
    }
    epi_filter filter = epi_filter_default();
    filter.steps = steps;
    filter.step_count = count;
    epi_status status = epi_remove(&removed, w->space, &filter, false);
    if (status) return failed("remove", status);
    if (removed != count) return failed("remove counted otherwise", status);
    for (uint32_t i = 0; i < count; i++) entries[numbers[i]].state = LEDGER_REMOVED;
    acknowledge(w); /* a read of this process commits what is pending */
    return 0;
}

static int work(writing *w) {
    uint64_t dice = ledger_random(&w->random) % 100;
    epi_upkeep_options options = epi_upkeep_options_default();
    epi_status status = EPI_OK;
    options.time_limit_ms = 20;
    if (dice < 60) return append(w, 1);
    if (dice < 80) return append(w, 1 + (uint32_t)(ledger_random(&w->random) % BATCH));
    if (dice < 88) return remove_some(w);
    if (dice < 94)
        status = epi_sync(NULL, w->memory);
    else if (dice < 98)
        status = epi_space_upkeep(NULL, w->space, &options);
    else if (dice < 99)
        status = epi_memory_compact(w->memory);
    else
        return 0;
    if (status) return failed("upkeep", status);
    acknowledge(w);
    return 0;
}

int ledger_write(ledger *l, unsigned writer, const char *path, const epi_memory_options *options, uint64_t seed,
                 uint64_t until) {
    writing w = {.ledger = l, .writer = writer, .random = seed, .each = options->sync == EPI_SYNC_EACH_COMMIT};
    epi_status status = epi_memory_open(&w.memory, path, options);
    w.acknowledged = w.kept = l->counts[writer];
    if (!status) status = epi_space_open(&w.space, w.memory, "main", epi_schema_conversation());
    if (!status) status = epi_episode_begin(&w.episode, w.space, NULL);
    int bad = status ? failed("opening", status) : 0;
    while (!bad && (until == 0 || ledger_clock_us() < until) && l->counts[writer] + BATCH < LEDGER_STEPS)
        bad = work(&w);
    epi_episode_close(w.episode);
    epi_space_close(w.space);
    status = epi_memory_close(w.memory);
    if (status) bad = failed("closing", status);
    if (!bad) acknowledge(&w);
    atomic_fetch_add(&l->failures, (uint32_t)bad);
    return bad;
}

/* ---- comparing --------------------------------------------------------------------------------------------------- */

/* What a walk over all steps finds: per writer and number, the step's id. */
typedef struct found {
    uint64_t steps[LEDGER_WRITERS][LEDGER_STEPS];
} found;

static int note_step(found *all, const epi_scene *scene, const epi_recalled_step *step) {
    unsigned writer = 0, number = 0;
    char text[128];
    const epi_recalled_part *part = epi_scene_part(scene, step, "text");
    if (!part || sscanf(part->data, "w%uq%ux", &writer, &number) != 2 || writer >= LEDGER_WRITERS ||
        number >= LEDGER_STEPS)
        return failed("a step that nobody wrote", EPI_EINTERNAL);
    ledger_text(text, writer, number);
    if (part->size != strlen(text) || memcmp(part->data, text, part->size) != 0)
        return failed("a text is wrong", EPI_EINTERNAL);
    if (all->steps[writer][number]) return failed("a step is there twice", EPI_EINTERNAL);
    all->steps[writer][number] = step->id;
    return 0;
}

static int walk(found *all, epi_space *space) {
    uint64_t after = 0;
    int bad = 0;
    for (bool more = true; more && !bad;) {
        epi_recollection *page = NULL;
        epi_status status = epi_steps_read(&page, space, after, 1000);
        if (status) return failed("reading steps", status);
        more = epi_recollection_count(page) > 0;
        for (size_t i = 0; i < epi_recollection_count(page); i++) {
            const epi_scene *scene = epi_recollection_scene(page, i);
            for (size_t j = 0; j < scene->step_count && !bad; j++) {
                bad = note_step(all, scene, epi_scene_step(scene, j));
                after = epi_scene_step(scene, j)->id;
            }
        }
        epi_recollection_free(page);
    }
    return bad;
}

/* Acknowledged is there, removed is gone; what was neither may be there, but only as a prefix of what followed. */
static int compare_writer(const ledger *l, const found *all, unsigned writer) {
    bool hole = false;
    for (uint32_t number = 0; number < LEDGER_STEPS; number++) {
        const ledger_entry *entry = &l->entries[writer][number];
        uint64_t step = all->steps[writer][number];
        uint32_t state = entry->state;
        if (state == LEDGER_STORED && step != entry->step) {
            print_error("writer %u: number %u was acknowledged as step %llu, found %llu\n", writer, number,
                        (unsigned long long)entry->step, (unsigned long long)step);
            return 1;
        }
        if (state == LEDGER_REMOVED && step) return failed("a removed step came back", EPI_EINTERNAL);
        if (number >= l->counts[writer] && step) return failed("a step of the future", EPI_EINTERNAL);
        if (state == LEDGER_ADDING && !step)
            hole = true;
        else if (state == LEDGER_ADDING && hole)
            return failed("a hole before a step that is there", EPI_EINTERNAL);
    }
    return 0;
}

/* The step is found by its own word, and by its own vector: searched so broadly that the graph leaves nobody out,
 * because this asks what the index holds. */
static int compare_ways(epi_space *space, unsigned writer, uint32_t number, uint64_t step) {
    char word[32];
    float vector[EPI_HASH_DIMENSION_DEFAULT];
    uint64_t nearest[64];
    size_t size = 0, count = 0;
    bool by_word = false, by_vector = false;
    epi_recollection *hits = NULL;
    (void)snprintf(word, sizeof word, "w%uq%ux", writer, number);
    epi_status status = epi_recall_text(&hits, space, word, NULL);
    if (status) return failed("recall", status);
    for (size_t i = 0; i < epi_recollection_hit_count(hits); i++)
        by_word = by_word || epi_recollection_hit(hits, i)->step == step;
    epi_recollection_free(hits);
    status = epi_step_vector(vector, &size, space, step);
    if (!status) status = epi_nearest(&count, nearest, NULL, space, vector, size, 64, BREADTH);
    if (status) return failed("nearest", status);
    for (size_t i = 0; i < count; i++) by_vector = by_vector || nearest[i] == step;
    if (by_word && by_vector) return 0;
    print_error("step %llu \"%s\": by word %d, by vector %d\n", (unsigned long long)step, word, by_word, by_vector);
    return 1;
}

static bool print_violation(void *context, const epi_violation *violation) {
    (void)context;
    print_error("violation: %s %s: %s\n", violation->table, violation->key, violation->reason);
    return true;
}

static int compare_space(const ledger *l, epi_space *space, unsigned every) {
    static found all;
    memset(&all, 0, sizeof all);
    int bad = walk(&all, space);
    for (unsigned writer = 0; writer < LEDGER_WRITERS && !bad; writer++) {
        bad = compare_writer(l, &all, writer);
        for (uint32_t number = every > 1 ? (uint32_t)getpid() % every : 0; number < LEDGER_STEPS && !bad;
             number += every)
            if (all.steps[writer][number]) bad = compare_ways(space, writer, number, all.steps[writer][number]);
    }
    return bad;
}

int ledger_compare(const ledger *l, const char *path, const epi_memory_options *options, unsigned every) {
    epi_memory *memory = NULL;
    epi_space *space = NULL;
    epi_check_report report = {0};
    epi_status status = epi_memory_open(&memory, path, options);
    if (status) return failed("opening again", status);
    status = epi_space_open(&space, memory, "main", epi_schema_conversation());
    if (status) return failed("opening the space", status);
    int bad = compare_space(l, space, every);
    status = epi_memory_check(&report, memory, print_violation, NULL);
    if (status) bad = failed("check", status);
    if (report.violations) bad = failed("check found violations", EPI_EDAMAGED);
    epi_space_close(space);
    status = epi_memory_close(memory);
    return status ? failed("closing", status) : bad;
}
