/* Thousands of steps that share their words, appended through handles with id ranges of their own, sealed and removed
 * at random: postings spill into blocks, late ids go into full ones, blocks empty. After each round every posting is
 * compared with the rows, and words with few steps are asked for.
 *
 *   model_postings [SEED]       EPISODIC_TEST_SECONDS: how long without a seed (8)
 */
#include "place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define STEPS_MAX 12000
#define HANDLES 4
#define BATCH 64
#define ROUNDS 40

typedef struct world {
    place place;
    uint64_t random;
    epi_episode *handles[HANDLES];
    uint64_t ids[STEPS_MAX];
    bool live[STEPS_MAX];
    size_t count;
} world;

static uint64_t dice(world *w, uint64_t sides) { /* splitmix64 */
    uint64_t z = (w->random += 0x9E3779B97F4A7C15ull);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return (z ^ (z >> 31)) % sides;
}

/* One word in all steps, one in each third, seventh and so on, one in about thirty, one of its own. */
static void words_of(char text[128], size_t number) {
    (void)snprintf(text, 128, "everywhere third%zux seventh%zux rare%zux own%zux", number % 3, number % 7, number / 30,
                   number);
}

static void append(world *w) {
    char texts[BATCH][128];
    epi_part parts[BATCH][2];
    epi_step steps[BATCH];
    size_t count = 1 + dice(w, BATCH);
    if (w->count + count > STEPS_MAX) return;
    for (size_t i = 0; i < count; i++) {
        words_of(texts[i], w->count + i);
        steps[i] = place_step(parts[i], texts[i]);
    }
    size_t which = dice(w, HANDLES);
    epi_status status = epi_episode_append_many(w->ids + w->count, w->handles[which], steps, count);
    if (status == EPI_ESTALE) { /* an episode goes with its last step */
        epi_episode_close(w->handles[which]);
        w->handles[which] = place_episode(w->place.space);
        status = epi_episode_append_many(w->ids + w->count, w->handles[which], steps, count);
    }
    EXPECT(EPI_OK, status);
    for (size_t i = 0; i < count; i++) w->live[w->count + i] = true;
    w->count += count;
}

/* A run of neighbours, the newest ones, or some from all over. */
static void remove_some(world *w) {
    uint64_t ids[600], removed = 0, expected = 0, way = dice(w, 3);
    size_t count = w->count ? 1 + dice(w, 600) : 0, from = w->count ? dice(w, w->count) : 0;
    if (count > w->count) count = w->count;
    if (way == 2) from = w->count - count;
    for (size_t i = 0; i < count; i++) {
        size_t at = way ? (from + i) % w->count : dice(w, w->count);
        ids[i] = w->ids[at];
        expected += w->live[at];
        w->live[at] = false;
    }
    epi_filter filter = epi_filter_default();
    filter.steps = ids;
    filter.step_count = count;
    EXPECT(EPI_OK, epi_remove(&removed, w->place.space, &filter, false));
    assert_int_equal(removed, expected);
}

static void begin_again(world *w) {
    for (size_t i = 0; i < HANDLES; i++) {
        epi_episode_close(w->handles[i]);
        w->handles[i] = place_episode(w->place.space);
    }
}

static void compare(world *w) {
    place_check(w->place.memory);
    size_t live = 0;
    for (size_t i = 0; i < w->count; i++) live += w->live[i];
    assert_int_equal(place_stats(w->place.space).steps, live);
    for (int i = 0; i < 30 && w->count; i++) {
        size_t at = dice(w, w->count);
        char word[32];
        (void)snprintf(word, sizeof word, "own%zux", at);
        assert_int_equal(place_finds(w->place.space, word, w->ids[at]), w->live[at]);
    }
}

static void run(uint64_t seed) {
    world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    w->random = seed;
    place_make(&w->place);
    place_open(&w->place);
    for (int round = 0; round < ROUNDS; round++) {
        begin_again(w);
        for (uint64_t i = dice(w, 12); i > 0; i--) append(w);
        if (dice(w, 3) == 0) remove_some(w);
        if (dice(w, 3) == 0) EXPECT(EPI_OK, epi_space_upkeep(NULL, w->place.space, NULL));
        for (uint64_t i = dice(w, 4); i > 0; i--) append(w); /* late ids of ranges from before the seal */
        if (dice(w, 4) == 0) remove_some(w);
        if (round % 4 == 3) compare(w);
    }
    for (size_t i = 0; i < HANDLES; i++) epi_episode_close(w->handles[i]);
    place_close(&w->place);
    place_remove(&w->place);
    free(w);
}

static uint64_t seed_given;

static void postings_agree_with_the_steps(void **state) {
    uint64_t seed = seed_given ? seed_given : (uint64_t)time(NULL) * 1000003u, runs = 0;
    (void)state;
    time_t end = time(NULL) + (time_t)place_seconds("EPISODIC_TEST_SECONDS", 8);
    do {
        print_message("seed %llu\n", (unsigned long long)seed);
        run(seed++);
        runs++;
    } while (!seed_given && time(NULL) < end);
    print_message("%llu runs\n", (unsigned long long)runs);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(postings_agree_with_the_steps)};
    if (argc > 1) seed_given = strtoull(argv[1], NULL, 10);
    if (access("/dev/shm", W_OK) == 0) (void)setenv("TMPDIR", "/dev/shm", 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
