/* Tests of views against a naive model: stacks and sequences over random episodes in two lanes, across chunks, with
 * evicted and removed steps. The model keeps every step and looks for neighbours one at a time. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "place.h"

#define STEPS_MAX 6000u
#define LANES 2u
#define STACK 3u
#define BURN_IN 3u
#define LENGTH 8u
#define OVERLAP 5u
#define SPAN (BURN_IN + LENGTH)
#define ROWS 64u
#define N_STEP 3u
#define GAMMA 0.9

typedef struct step {
    uint64_t id;
    size_t episode, index; /* counted from 0 */
    float observation, next, reward;
    bool terminated, truncated, gone, has_next;
    size_t before, after; /* of the lane; SIZE_MAX: none */
} step;

static place at;
static epi_memory *memory;
static epi_space *space;
static epi_recorder *recorder;
static step steps[STEPS_MAX];
static size_t count, episodes, newest[LANES];
static uint64_t dice;

static uint32_t roll(uint32_t below) {
    dice = dice * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(dice >> 33) % below;
}

static void open_all(void) {
    epi_schema schema;
    epi_role roles[EPI_TRANSITION_ROLE_COUNT + 1];
    EXPECT(EPI_OK, epi_memory_open(&memory, at.path, &at.options));
    EXPECT(EPI_OK, epi_schema_transitions(&schema, roles, 1, EPI_I32, 0));
    roles[schema.role_count++] = epi_role_tensor("memory", EPI_F32, 0, NULL);
    EXPECT(EPI_OK, epi_space_open(&space, memory, "game", &schema));
    EXPECT(EPI_OK, epi_recorder_open(&recorder, space, "one", LANES));
}

static void close_all(void) {
    epi_recorder_close(recorder);
    epi_space_close(space);
    EXPECT(EPI_OK, epi_memory_close(memory));
}

static int setup(void **state) {
    (void)state;
    place_make(&at);
    at.options.sync = EPI_SYNC_MANUAL;
    open_all();
    count = episodes = 0;
    for (size_t lane = 0; lane < LANES; lane++) newest[lane] = SIZE_MAX;
    dice = 12345;
    return 0;
}

static int teardown(void **state) {
    (void)state;
    close_all();
    place_remove(&at);
    return 0;
}

/* One step of a lane; mean length of an episode: `mean`. Each end is terminated or truncated. */
static void append_step(uint32_t lane, uint32_t mean) {
    step *made = &steps[count];
    const size_t before = newest[lane];
    const bool goes_on = before != SIZE_MAX && !steps[before].terminated && !steps[before].truncated;
    const uint32_t end = roll(2 * mean);
    *made = (step){.episode = goes_on ? steps[before].episode : episodes++,
                   .index = goes_on ? steps[before].index + 1 : 0,
                   .observation = (float)(count + 1),
                   .next = -(float)(count + 1),
                   .reward = (float)(roll(100)) - 50,
                   .terminated = end == 0,
                   .truncated = end == 1,
                   .before = goes_on ? before : SIZE_MAX,
                   .after = SIZE_MAX};
    const bool gives_next = made->truncated || (made->terminated && count % 3 == 0);
    const float state = made->observation * 2;
    const epi_column columns[] = {epi_column_f32(EPI_OBSERVATION, &made->observation),
                                  epi_column_f32(EPI_REWARD, &made->reward),
                                  epi_column_bool(EPI_TERMINATED, &made->terminated),
                                  epi_column_bool(EPI_TRUNCATED, &made->truncated),
                                  epi_column_f32("memory", &state),
                                  epi_column_f32(EPI_NEXT_OBSERVATION, &made->next)};
    EXPECT(EPI_OK, epi_transitions_append(&made->id, recorder, &lane, columns, gives_next ? 6 : 5, 1));
    made->has_next = gives_next;
    if (goes_on) {
        steps[before].after = count;
        steps[before].has_next = true;
        steps[before].next = made->observation;
    }
    newest[lane] = count++;
}

static void append_steps(size_t more, uint32_t mean) {
    while (more-- > 0) append_step(roll(LANES), mean);
}

/* What the library still has of the steps. */
static void look_for_the_gone(epi_replay *single) {
    static uint64_t ids[STEPS_MAX];
    static double raw[STEPS_MAX];
    for (size_t i = 0; i < count; i++) ids[i] = steps[i].id;
    EXPECT(EPI_OK, epi_replay_priorities(raw, single, ids, count));
    for (size_t i = 0; i < count; i++) steps[i].gone = raw[i] < 0 && (steps[i].has_next || steps[i].terminated);
}

static bool is_ready(size_t i) {
    return !steps[i].gone && (steps[i].has_next || steps[i].terminated);
}

static size_t following(size_t i) {
    if (steps[i].terminated || steps[i].truncated || steps[i].after == SIZE_MAX) return SIZE_MAX;
    return is_ready(steps[i].after) ? steps[i].after : SIZE_MAX;
}

static size_t preceding(size_t i) {
    return steps[i].before == SIZE_MAX || steps[i].before >= count || steps[steps[i].before].gone ? SIZE_MAX
                                                                                                : steps[i].before;
}

static size_t number_of(uint64_t id) {
    for (size_t i = 0; i < count; i++)
        if (steps[i].id == id) return i;
    return SIZE_MAX;
}

/* ---- the model's views ------------------------------------------------------------------------------------------- */

static void model_stack(float frames[STACK], size_t i, bool zeros) {
    size_t frame = STACK - 1;
    for (;; i = preceding(i), frame--) {
        frames[frame] = steps[i].observation;
        if (frame == 0 || preceding(i) == SIZE_MAX) break;
    }
    for (size_t k = 0; k < frame; k++) frames[k] = zeros ? 0 : frames[frame];
}

static size_t model_window(double *reward, double *discount, size_t i) {
    *reward = 0, *discount = 1;
    for (size_t n = 1;; n++) {
        *reward += *discount * (double)steps[i].reward;
        *discount *= GAMMA;
        if (n == N_STEP || following(i) == SIZE_MAX) return i;
        i = following(i);
    }
}

static void model_next_stack(float frames[STACK], size_t last, bool zeros) {
    memset(frames, 0, STACK * sizeof *frames);
    if (!steps[last].has_next) return;
    float upto[STACK];
    model_stack(upto, last, zeros);
    memcpy(frames, upto + 1, (STACK - 1) * sizeof *frames);
    frames[STACK - 1] = steps[last].next;
}

/* Whether a sequence begins here that can be drawn. */
static bool model_begins(size_t i) {
    if (!is_ready(i) || steps[i].index % (LENGTH - OVERLAP) != 0) return false;
    size_t held = 1, last = i;
    while (held < LENGTH && following(last) != SIZE_MAX) last = following(last), held++;
    if (held == LENGTH) return true;
    const bool cut = steps[last].after != SIZE_MAX && steps[steps[last].after].gone;
    if (!steps[last].terminated && !steps[last].truncated && !cut) return false;
    return steps[i].index == 0 || held > OVERLAP;
}

/* ---- stacks ------------------------------------------------------------------------------------------------------ */

typedef struct stacks {
    uint64_t ids[ROWS];
    float observation[ROWS][STACK], next[ROWS][STACK];
} stacks;

static void check_stacks(epi_replay *replay, bool zeros) {
    static stacks out;
    const epi_column columns[] = {epi_column_f32(EPI_OBSERVATION, out.observation[0]),
                                  epi_column_f32(EPI_NEXT_OBSERVATION, out.next[0])};
    epi_batch batch = epi_batch_default();
    batch.size = ROWS;
    batch.columns = columns;
    batch.column_count = 2;
    batch.ids = out.ids;
    EXPECT(EPI_OK, epi_replay_sample(replay, &batch, 0));
    assert_int_equal(batch.count, ROWS);
    for (size_t row = 0; row < ROWS; row++) {
        float wanted[STACK];
        double reward, discount;
        const size_t i = number_of(out.ids[row]);
        assert_true(i != SIZE_MAX && is_ready(i));
        model_stack(wanted, i, zeros);
        assert_memory_equal(out.observation[row], wanted, sizeof wanted);
        model_next_stack(wanted, model_window(&reward, &discount, i), zeros);
        assert_memory_equal(out.next[row], wanted, sizeof wanted);
    }
}

static epi_replay *open_single(bool zeros) {
    epi_replay *replay = NULL;
    epi_replay_options options = epi_replay_options_default();
    options.frame_stack = STACK;
    options.pad_with_zeros = zeros;
    options.n_step = N_STEP;
    options.discount = GAMMA;
    EXPECT(EPI_OK, epi_replay_open(&replay, space, &options));
    return replay;
}

/* ---- sequences --------------------------------------------------------------------------------------------------- */

typedef struct sequences {
    uint64_t ids[ROWS];
    float observation[ROWS][SPAN][STACK], next[ROWS][SPAN][STACK], reward[ROWS][SPAN], state[ROWS];
    double discount[ROWS][SPAN];
    bool mask[ROWS][SPAN], trained[ROWS][SPAN], terminated[ROWS][SPAN];
} sequences;

static void check_cell(const sequences *out, size_t row, size_t cell, size_t i) {
    float wanted[STACK];
    double reward, discount;
    const size_t last = model_window(&reward, &discount, i);
    model_stack(wanted, i, false);
    assert_memory_equal(out->observation[row][cell], wanted, sizeof wanted);
    model_next_stack(wanted, last, false);
    assert_memory_equal(out->next[row][cell], wanted, sizeof wanted);
    assert_true(fabs((double)out->reward[row][cell] - reward) < 1e-4);
    assert_true(fabs(out->discount[row][cell] - (steps[last].terminated ? 0 : discount)) < 1e-12);
    assert_int_equal(out->terminated[row][cell], steps[last].terminated);
}

static void check_sequence(const sequences *out, size_t row) {
    const float zeros[STACK] = {0};
    size_t i = number_of(out->ids[row]), burned = 0, cell = 0;
    assert_true(i != SIZE_MAX && model_begins(i));
    while (burned < BURN_IN && preceding(i) != SIZE_MAX) i = preceding(i), burned++;
    assert_true(out->state[row] == 2 * steps[i].observation);
    for (; cell < burned + LENGTH && i != SIZE_MAX; cell++, i = following(i)) {
        assert_true(out->mask[row][cell]);
        assert_int_equal(out->trained[row][cell], cell >= burned);
        check_cell(out, row, cell, i);
    }
    for (; cell < SPAN; cell++) {
        assert_false(out->mask[row][cell] || out->trained[row][cell] || out->terminated[row][cell]);
        assert_memory_equal(out->observation[row][cell], zeros, sizeof zeros);
        assert_memory_equal(out->next[row][cell], zeros, sizeof zeros);
        assert_true(out->reward[row][cell] == 0 && out->discount[row][cell] == 0);
    }
}

static void check_sequences(epi_replay *replay) {
    static sequences out;
    const epi_column columns[] = {epi_column_f32(EPI_OBSERVATION, out.observation[0][0]),
                                  epi_column_f32(EPI_NEXT_OBSERVATION, out.next[0][0]),
                                  epi_column_f32(EPI_REWARD, out.reward[0]), epi_column_f32("memory", out.state),
                                  epi_column_f64(EPI_DISCOUNT, out.discount[0]),
                                  epi_column_bool(EPI_MASK, out.mask[0]), epi_column_bool(EPI_TRAINED, out.trained[0]),
                                  epi_column_bool(EPI_TERMINATED, out.terminated[0])};
    epi_batch batch = epi_batch_default();
    memset(&out, 7, sizeof out);
    batch.size = ROWS;
    batch.columns = columns;
    batch.column_count = 8;
    batch.ids = out.ids;
    EXPECT(EPI_OK, epi_replay_sample(replay, &batch, 0));
    assert_int_equal(batch.count, ROWS);
    for (size_t row = 0; row < ROWS; row++) check_sequence(&out, row);
}

/* Exactly the steps that the model names can be drawn. */
static void check_beginnings(epi_replay *replay) {
    double raw;
    for (size_t i = 0; i < count; i++) {
        if (steps[i].gone) continue;
        EXPECT(EPI_OK, epi_replay_priorities(&raw, replay, &steps[i].id, 1));
        assert_int_equal(raw >= 0, model_begins(i));
    }
}

static epi_replay *open_sequences(const char *name) {
    static const char *const states[] = {"memory"};
    epi_replay *replay = NULL;
    epi_replay_options options = epi_replay_options_default();
    options.name = name;
    options.frame_stack = STACK;
    options.n_step = N_STEP;
    options.discount = GAMMA;
    options.sequence_length = LENGTH;
    options.sequence_overlap = OVERLAP;
    options.burn_in = BURN_IN;
    options.states = states;
    options.state_count = 1;
    EXPECT(EPI_OK, epi_replay_open(&replay, space, &options));
    return replay;
}

/* ---- the tests --------------------------------------------------------------------------------------------------- */

static void views_are_what_a_naive_model_says(void **state) {
    (void)state;
    epi_transition_limits limits = epi_transition_limits_default();
    epi_replay *repeat = open_single(false), *zeros = open_single(true), *sequence = open_sequences(NULL);
    for (size_t round = 0; round < 10; round++) {
        append_steps(400, round % 2 ? 5 : 60);
        if (round == 5) {
            limits.max_steps = 1700;
            EXPECT(EPI_OK, epi_transitions_limit(space, &limits));
        }
        if (round % 3 == 2 || round > 5) EXPECT(EPI_OK, epi_sync(NULL, memory));
        look_for_the_gone(repeat);
        check_stacks(repeat, false);
        check_stacks(zeros, true);
        check_sequences(sequence);
    }
    assert_true(steps[0].gone);
    check_beginnings(sequence);
    epi_replay *late = open_sequences(NULL);
    check_beginnings(late);
    check_sequences(late);
    epi_replay_close(late);
    epi_replay_close(sequence);
    epi_replay_close(zeros);
    epi_replay_close(repeat);
}

static void nothing_crosses_a_removed_step(void **state) {
    (void)state;
    uint64_t removed[40];
    epi_filter filter = epi_filter_default();
    epi_replay *repeat = open_single(false), *sequence = open_sequences(NULL);
    append_steps(1500, 30);
    EXPECT(EPI_OK, epi_sync(NULL, memory));
    for (size_t i = 0; i < 40; i++) removed[i] = steps[roll(1500)].id;
    filter.steps = removed;
    filter.step_count = 40;
    EXPECT(EPI_OK, epi_remove(NULL, space, &filter, false));
    look_for_the_gone(repeat);
    for (size_t b = 0; b < 30; b++) check_stacks(repeat, false);
    for (size_t b = 0; b < 30; b++) check_sequences(sequence);
    epi_replay_close(sequence);
    epi_replay_close(repeat);
}

/* Episodes that a restart found open go on, and so do sequences and stacks over them. */
static void views_go_on_behind_a_restart(void **state) {
    (void)state;
    for (size_t round = 0; round < 3; round++) {
        append_steps(500, 80);
        EXPECT(EPI_OK, epi_sync(NULL, memory));
        close_all();
        open_all();
        append_steps(100, 80);
        epi_replay *repeat = open_single(false), *sequence = open_sequences("recurrent");
        look_for_the_gone(repeat);
        check_beginnings(sequence);
        for (size_t b = 0; b < 10; b++) check_stacks(repeat, false);
        for (size_t b = 0; b < 10; b++) check_sequences(sequence);
        EXPECT(EPI_OK, epi_replay_save(sequence));
        epi_replay_close(sequence);
        epi_replay_close(repeat);
    }
}

static void whole_episodes_are_sequences_without_overlap(void **state) {
    (void)state;
    uint64_t ids[ROWS];
    static float observation[ROWS][64];
    static bool mask[ROWS][64];
    epi_replay *replay = NULL;
    epi_replay_options options = epi_replay_options_default();
    epi_batch batch = epi_batch_default();
    const epi_column columns[] = {epi_column_f32(EPI_OBSERVATION, observation[0]), epi_column_bool(EPI_MASK, mask[0])};
    options.sequence_length = 64;
    options.sampler = EPI_SAMPLER_UNIFORM;
    for (size_t i = 0; i < 600; i++) append_step((uint32_t)(i % LANES), 5);
    EXPECT(EPI_OK, epi_replay_open(&replay, space, &options));
    batch.size = ROWS;
    batch.ids = ids;
    batch.columns = columns;
    batch.column_count = 2;
    EXPECT(EPI_OK, epi_replay_sample(replay, &batch, 0));
    for (size_t row = 0; row < ROWS; row++) {
        size_t i = number_of(ids[row]), held = 0;
        assert_int_equal(steps[i].index, 0);
        for (;; i = steps[i].after, held++) {
            assert_true(mask[row][held] && observation[row][held] == steps[i].observation);
            if (steps[i].terminated || steps[i].truncated) break;
        }
        assert_false(mask[row][held + 1]);
    }
    epi_replay_close(replay);
}

static void sequences_of_a_name_are_kept(void **state) {
    (void)state;
    epi_replay *replay = open_sequences("recurrent"), *other = NULL;
    epi_replay_options options = epi_replay_options_default();
    double raw = 0;
    const double given = 4.5;
    append_steps(500, 20);
    size_t first = 0;
    while (!model_begins(first)) first++;
    EXPECT(EPI_OK, epi_replay_update(NULL, replay, &steps[first].id, &given, 1));
    EXPECT(EPI_OK, epi_replay_flush(replay));
    options.name = "recurrent";
    EXPECT(EPI_EMISMATCH, epi_replay_open(&other, space, &options));
    epi_replay_close(replay);
    EXPECT(EPI_OK, epi_replay_open(&other, space, &options)); /* single steps now: all of them */
    EXPECT(EPI_OK, epi_replay_priorities(&raw, other, &steps[first].id, 1));
    assert_true(raw == 4.5);
    for (size_t i = 0; i < count; i++) {
        EXPECT(EPI_OK, epi_replay_priorities(&raw, other, &steps[i].id, 1));
        assert_int_equal(raw >= 0, is_ready(i));
    }
    EXPECT(EPI_OK, epi_replay_flush(other));
    epi_replay_close(other);
    replay = open_sequences("recurrent");
    check_beginnings(replay);
    epi_replay_close(replay);
}

static void priorities_of_sequences_mix_the_greatest_and_the_mean(void **state) {
    (void)state;
    double priorities[3];
    const float errors[3][4] = {{-3, 1, 2, NAN}, {0, 0, 0, 8}, {5, 5, 5, 5}};
    const bool mask[3][4] = {{1, 1, 1, 0}, {1, 1, 1, 1}, {0, 0, 0, 0}};
    EXPECT(EPI_OK, epi_replay_sequence_priorities(priorities, errors[0], mask[0], 3, 4, 0.9));
    assert_true(fabs(priorities[0] - (0.9 * 3 + 0.1 * 2)) < 1e-12);
    assert_true(fabs(priorities[1] - (0.9 * 8 + 0.1 * 2)) < 1e-12);
    assert_true(priorities[2] == 0);
    EXPECT(EPI_ENUMBER, epi_replay_sequence_priorities(priorities, errors[0], NULL, 3, 4, 0.9));
    EXPECT(EPI_ENUMBER, epi_replay_sequence_priorities(priorities, errors[0], mask[0], 3, 4, 1.5));
    EXPECT(EPI_EINVAL, epi_replay_sequence_priorities(priorities, NULL, NULL, 3, 4, 0.9));
}

static void bad_views_are_refused(void **state) {
    (void)state;
    epi_replay *replay = NULL;
    const char *const states[] = {"nothing"};
    epi_replay_options options = epi_replay_options_default();
    options.burn_in = 4;
    EXPECT(EPI_EINVAL, epi_replay_open(&replay, space, &options));
    options.sequence_length = options.sequence_overlap = 4;
    EXPECT(EPI_EINVAL, epi_replay_open(&replay, space, &options));
    options.sequence_overlap = 0;
    options.states = states;
    options.state_count = 1;
    EXPECT(EPI_EROLE, epi_replay_open(&replay, space, &options));
    options.state_count = 0;
    options.sequence_length = EPI_SEQUENCE_LENGTH_MAX;
    EXPECT(EPI_ELIMIT, epi_replay_open(&replay, space, &options));
    options = epi_replay_options_default();
    options.frame_stack = EPI_FRAME_STACK_MAX + 1;
    EXPECT(EPI_ELIMIT, epi_replay_open(&replay, space, &options));
    options = epi_replay_options_r2d2();
    EXPECT(EPI_OK, epi_replay_open(&replay, space, &options));
    float observation[256];
    const epi_column column = epi_column_f32(EPI_OBSERVATION, observation);
    epi_batch batch = epi_batch_default();
    batch.size = 256 * 1024;
    batch.columns = &column;
    batch.column_count = 1;
    EXPECT(EPI_ELIMIT, epi_replay_sample(replay, &batch, 0));
    epi_replay_close(replay);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(views_are_what_a_naive_model_says, setup, teardown),
        cmocka_unit_test_setup_teardown(nothing_crosses_a_removed_step, setup, teardown),
        cmocka_unit_test_setup_teardown(views_go_on_behind_a_restart, setup, teardown),
        cmocka_unit_test_setup_teardown(whole_episodes_are_sequences_without_overlap, setup, teardown),
        cmocka_unit_test_setup_teardown(sequences_of_a_name_are_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(priorities_of_sequences_mix_the_greatest_and_the_mean, setup, teardown),
        cmocka_unit_test_setup_teardown(bad_views_are_refused, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
