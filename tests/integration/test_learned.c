/* A space learns its encoder from its own steps: when there are enough, once, for every process; new steps are folded
 * in, twice as many are learned from anew; a kill in the middle loses nothing; a purge leaves no word in the model.
 */
#include "place.h"

#include <math.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define DIMENSION 4u

static const char *const companies[4][6] = {
    {"bread", "oven", "flour", "yeast", "dough", "crust"},
    {"ship", "anchor", "harbour", "captain", "rope", "deck"},
    {"violin", "orchestra", "concert", "conductor", "cello", "applause"},
    {"tent", "mountain", "trail", "campfire", "backpack", "summit"},
};

/* Four words of one company, by the number; every 8 steps another company. */
static void text_of(char text[64], uint64_t number) {
    const char *const *words = companies[number / 8 % 4];
    uint64_t n = number * 2654435761u;
    (void)snprintf(text, 64, "%s %s %s", words[n % 6], words[n / 7 % 6], words[n / 43 % 6]);
}

static void say_many(epi_space *space, uint64_t first, size_t count) {
    epi_episode *episode = place_episode(space);
    epi_step *steps = test_calloc(count, sizeof *steps);
    epi_part(*parts)[2] = test_calloc(count, sizeof *parts);
    char(*texts)[64] = test_calloc(count, sizeof *texts);
    for (size_t i = 0; i < count; i++) {
        text_of(texts[i], first + i);
        steps[i] = place_step(parts[i], texts[i]);
    }
    EXPECT(EPI_OK, epi_episode_append_many(NULL, episode, steps, count));
    assert_int_equal(place_stats(space).steps, first + count - 1);
    test_free(steps);
    test_free(parts);
    test_free(texts);
    epi_episode_close(episode);
}

static epi_status wish(epi_space *space) {
    epi_encoder encoder;
    EXPECT(EPI_OK, epi_encoder_lsa(&encoder, DIMENSION));
    return epi_space_encoder_set(space, &encoder);
}

static void upkeep(epi_space *space) {
    EXPECT(EPI_OK, epi_space_upkeep(NULL, space, NULL));
}

static void encoders(epi_encoder_info *serving, epi_encoder_info *building, epi_space *space) {
    EXPECT(EPI_OK, epi_space_encoders(serving, building, space));
}

static double likeness(epi_space *space, uint64_t a, uint64_t b) {
    float x[DIMENSION], y[DIMENSION];
    double sum = 0.0;
    size_t size = 0;
    EXPECT(EPI_OK, epi_step_vector(x, &size, space, a));
    assert_int_equal(size, DIMENSION);
    EXPECT(EPI_OK, epi_step_vector(y, &size, space, b));
    for (size_t i = 0; i < DIMENSION; i++) sum += (double)x[i] * (double)y[i];
    return sum;
}

/* What stands in one company is alike, what does not is not. */
static void assert_meaning(epi_space *space, uint64_t first, uint64_t count) {
    for (uint64_t i = first; i + 16 < first + count; i++) {
        double near = likeness(space, i, i / 8 * 8 + (i + 1) % 8), far = likeness(space, i, i + 16);
        if (i / 8 * 8 < first) continue;
        assert_true(near > far + 0.3);
    }
}

static void a_space_learns_when_there_are_enough_steps(void **state) {
    place *p = *state;
    epi_encoder_info serving, building;
    EXPECT(EPI_OK, wish(p->space));
    say_many(p->space, 1, 60);
    upkeep(p->space);
    encoders(&serving, &building, p->space);
    assert_string_equal(serving.name, "hash"); /* goes on to serve */
    assert_string_equal(building.name, "lsa");
    assert_false(building.ready);
    say_many(p->space, 61, 100);
    upkeep(p->space);
    encoders(&serving, &building, p->space);
    assert_string_equal(serving.name, "lsa");
    assert_true(serving.ready);
    assert_int_equal(serving.vectors, 160);
    assert_int_equal(building.generation, 0);
    assert_meaning(p->space, 8, 152);
    place_check(p->memory);
    EXPECT(EPI_OK, wish(p->space)); /* it has it */
    encoders(&serving, &building, p->space);
    assert_int_equal(building.generation, 0);
}

static void other_processes_read_the_model_and_fold_in(void **state) {
    place *p = *state;
    epi_encoder_info serving;
    say_many(p->space, 1, 160);
    EXPECT(EPI_OK, wish(p->space));
    upkeep(p->space);
    place_reopen(p);
    say_many(p->space, 161, 100);
    encoders(&serving, NULL, p->space);
    assert_string_equal(serving.name, "lsa");
    assert_int_equal(serving.vectors, 260); /* made while they were remembered, none waits */
    assert_int_equal(place_stats(p->space).backlog, 0);
    assert_meaning(p->space, 161, 99);
    EXPECT(EPI_OK, epi_memory_compact(p->memory));
    place_reopen(p);
    assert_meaning(p->space, 161, 99);
    place_check(p->memory);
}

static void twice_the_steps_are_learned_from_anew(void **state) {
    place *p = *state;
    epi_encoder_info before, after;
    EXPECT(EPI_OK, wish(p->space));
    say_many(p->space, 1, 160);
    upkeep(p->space);
    encoders(&before, NULL, p->space);
    say_many(p->space, 161, 159);
    upkeep(p->space);
    encoders(&after, NULL, p->space);
    assert_int_equal(after.generation, before.generation);
    say_many(p->space, 320, 1);
    upkeep(p->space);
    encoders(&after, NULL, p->space);
    assert_int_equal(after.generation, before.generation + 1);
    assert_int_equal(after.vectors, 320);
    assert_meaning(p->space, 8, 300);
    place_check(p->memory);
}

static void a_purge_leaves_no_word_in_the_model(void **state) {
    place *p = *state;
    epi_filter filter = epi_filter_default();
    uint64_t count = 0, steps[40];
    say_many(p->space, 1, 160);
    epi_episode *episode = place_episode(p->space);
    for (size_t i = 0; i < 40; i++) steps[i] = place_say(episode, "bread zyzzogeton flour");
    epi_episode_close(episode);
    EXPECT(EPI_OK, wish(p->space));
    upkeep(p->space);
    place_close(p);
    assert_true(place_holds(p->path, "zyzzogeton", 10));
    place_open(p);
    filter.steps = steps;
    filter.step_count = 40;
    EXPECT(EPI_OK, epi_purge(&count, p->space, &filter));
    assert_int_equal(count, 40);
    place_check(p->memory);
    place_close(p);
    assert_false(place_holds(p->path, "zyzzogeton", 10));
    place_open(p);
    assert_meaning(p->space, 8, 152);
    upkeep(p->space);
    place_check(p->memory);
}

/* A child begins anew again and again, and is killed at some moment of it. */
static void a_kill_while_learning_loses_nothing(void **state) {
    place *p = *state;
    epi_encoder_info serving, building;
    say_many(p->space, 1, 2000);
    EXPECT(EPI_OK, wish(p->space));
    place_close(p);
    for (unsigned i = 0; i < 12; i++) {
        pid_t child = fork();
        if (child == 0) {
            place_open(p);
            _exit(epi_space_upkeep(NULL, p->space, NULL) ? 1 : 0);
        }
        usleep(2000 + i * i * 1500);
        (void)kill(child, SIGKILL);
        (void)waitpid(child, NULL, 0);
        place_open(p);
        assert_int_equal(place_stats(p->space).steps, 2000);
        place_check(p->memory);
        place_close(p);
    }
    place_open(p);
    upkeep(p->space);
    encoders(&serving, &building, p->space);
    assert_string_equal(serving.name, "lsa");
    assert_int_equal(serving.vectors, 2000);
    assert_int_equal(building.generation, 0);
    assert_meaning(p->space, 8, 400);
    place_check(p->memory);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_space_learns_when_there_are_enough_steps),
        TEST(other_processes_read_the_model_and_fold_in),
        TEST(twice_the_steps_are_learned_from_anew),
        TEST(a_purge_leaves_no_word_in_the_model),
        TEST(a_kill_while_learning_loses_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
