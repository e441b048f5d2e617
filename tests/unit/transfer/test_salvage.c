/* Tests of epi_export_salvage(): whatever record of whatever table is damaged, all that does not hang on it comes out,
 * and what comes out makes a sound memory. */
#include <stdio.h>
#include <string.h>

#include "fixture.h"
#include "memory/handle.h"
#include "place.h"

#define LONG                                                                                                          \
    "a long remark about the orchard behind the house, its pears and its quinces, the ladder that leans on the wall " \
    "since spring, the neighbour who takes the windfalls, and the wasps in September, which goes on and on until it " \
    "is more than a row will hold, so that it becomes a component of its own"
#define STEPS 450u /* of the first episode; enough for words and vectors to be sealed */

static uint64_t say_long(epi_episode *episode, const char *external_id, uint64_t supersedes) {
    epi_part parts[2];
    epi_step step = place_step(parts, external_id[0] == 'l' ? LONG : "a short remark");
    uint64_t id = 0;
    step.external_id = external_id;
    step.supersedes = supersedes;
    step.metadata = "{\"mood\":\"calm\",\"why\":\"" LONG "\"}";
    EXPECT(EPI_OK, epi_episode_append(&id, episode, &step));
    return id;
}

static void forget(epi_space *space, uint64_t step) {
    epi_filter filter = epi_filter_default();
    filter.steps = &step;
    filter.step_count = 1;
    EXPECT(EPI_OK, epi_forget(NULL, space, &filter, 0, false));
}

static void fill(place *p) {
    static epi_step steps[STEPS];
    static char texts[STEPS][64];
    static epi_part parts[STEPS][2];
    epi_episode_options options = epi_episode_options_default();
    epi_episode *episode = NULL;
    options.external_id = "day-1";
    options.title = "A day in the orchard";
    EXPECT(EPI_OK, epi_episode_begin(&episode, p->space, &options));
    for (size_t i = 0; i < STEPS; i++) {
        (void)snprintf(texts[i], sizeof texts[i], "apple number %zu from the orchard", i);
        steps[i] = place_step(parts[i], texts[i]);
    }
    EXPECT(EPI_OK, epi_episode_append_many(NULL, episode, steps, STEPS));
    uint64_t first = say_long(episode, "long", 0);
    (void)say_long(episode, "short", first);
    forget(p->space, place_say(episode, "never mind"));
    epi_upkeep_options upkeep = epi_upkeep_options_default();
    EXPECT(EPI_OK, epi_space_upkeep(NULL, p->space, &upkeep));
    epi_episode *other = place_episode(p->space);
    (void)place_say(other, "I live in Lisbon.");
    (void)place_say(other, "a pear");
    EXPECT(EPI_OK, epi_episode_end(episode, NULL));
    epi_episode_close(episode);
    epi_episode_close(other);
}

/* ---- harm and salvage ------------------------------------------------------------------------------------------- */

/* Turns a bit of the first and of the last record of a table; how many those are. */
static uint64_t harm(epi_space *space, uint8_t table) {
    epi__tx tx;
    uint64_t harmed = 0;
    epi__buffer values[2] = {{0}, {0}};
    epi__key keys[2];
    EXPECT(EPI_OK, epi__tx_begin(&tx, space->mirror->store, true));
    const epi__engine_ops *ops = epi__tx_ops(tx.txn);
    for (int last = 0; last < 2; last++) {
        epi__key first, end;
        epi__range *range = NULL;
        epi__view at, bytes;
        epi__key_begin(&first, space->mirror->space, table);
        end = first;
        epi__key_next(&end);
        EXPECT(EPI_OK, ops->range_open(&range, tx.txn, epi__key_view(&first), epi__key_view(&end), last == 1));
        keys[last].size = 0;
        if (ops->range_next(&at, &bytes, range) == EPI_OK) {
            epi__key_bytes(&keys[last], at.data, at.size);
            epi__buffer_append(&values[last], bytes.data, bytes.size);
        }
        ops->range_close(range);
    }
    bool one = keys[0].size == keys[1].size && memcmp(keys[0].bytes, keys[1].bytes, keys[0].size) == 0;
    for (int i = 0; i < (one ? 1 : 2) && keys[i].size > 0; i++, harmed++) {
        values[i].data[values[i].size - 1] ^= 0x40;
        EXPECT(EPI_OK, ops->put(tx.txn, epi__key_view(&keys[i]), (epi__view){values[i].data, values[i].size}));
    }
    EXPECT(EPI_OK, epi__tx_commit(&tx));
    epi__buffer_dispose(&values[0]);
    epi__buffer_dispose(&values[1]);
    return harmed;
}

static bool append_piece(void *context, const char *text, size_t size) {
    epi__buffer_append(context, text, size);
    return true;
}

static epi_salvage_report salvage(epi__buffer *out, epi_space *space) {
    epi_salvage_report report;
    epi__buffer_clear(out);
    EXPECT(EPI_OK, epi_export_salvage(&report, space, append_piece, out));
    assert_non_null(epi__buffer_text(out));
    return report;
}

/* Imports it into a new memory, which must be sound then and have so many steps. */
static void assert_imports(const epi__buffer *text, const char *name, uint64_t steps) {
    static fixture f;
    fixture_open(&f);
    EXPECT(EPI_OK, fixture_import(&f, (const char *)text->data, EPI_FORMAT_JSONL, NULL, "salvaged"));
    assert_int_equal(f.report.steps, steps);
    place_check(f.memory);
    epi_space *space = fixture_space(&f, name);
    assert_int_equal(place_stats(space).steps, steps);
    epi_space_close(space);
    fixture_close(&f);
}

static size_t count_of(const char *text, const char *what) {
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, what)) != NULL; at++) count++;
    return count;
}

/* ---- rows ------------------------------------------------------------------------------------------------------- */

static void assert_lost(uint8_t table, uint64_t harmed, const epi_salvage_report *lost, const char *sound,
                        const char *text) {
    switch (table) {
    case EPI__TABLE_STEP:
        assert_int_equal(lost->steps, harmed);
        assert_int_not_equal(lost->step_ids[0], 0);
        break;
    case EPI__TABLE_EPISODE:
        assert_int_equal(lost->steps, 0);
        assert_int_equal(lost->episodes, harmed);
        assert_int_not_equal(lost->episode_ids[0], 0);
        break;
    case EPI__TABLE_COMPONENT:
        assert_true(lost->steps + lost->values > 0);
        assert_true(lost->steps <= 1); /* the one whose text it is */
        break;
    case EPI__TABLE_MARK: /* the superseded one is hidden too, the forgotten one is not shown again */
        assert_int_equal(lost->steps, 0);
        assert_int_equal(lost->records, harmed);
        assert_int_equal(count_of(text, "\"forgotten\":true"), 2);
        break;
    default: /* derived from what is there, to the byte */
        assert_int_equal(lost->steps + lost->episodes + lost->values, 0);
        assert_string_equal(text, sound);
    }
}

static void whatever_table_is_damaged_all_else_comes_out(void **state) {
    (void)state;
    epi__buffer sound = {0}, text = {0};
    for (int slot = 0; slot <= epi__table_slot(EPI__TABLE_JOURNAL); slot++) { /* those behind it are of columns */
        uint8_t table = epi__table_at(slot);
        void *made = NULL;
        if (table == EPI__TABLE_SCHEMA) continue; /* one record, without which no space opens */
        assert_int_equal(place_setup(&made), 0);
        place *p = made;
        fill(p);
        epi_salvage_report lost = salvage(&sound, p->space);
        assert_int_equal(lost.steps + lost.episodes + lost.values + lost.records, 0);
        uint64_t steps = place_stats(p->space).steps, harmed = harm(p->space, table);
        lost = salvage(&text, p->space);
        print_message("%s: %u harmed; lost %u steps, %u episodes, %u values, %u records\n", epi__table_name(table),
                      (unsigned)harmed, (unsigned)lost.steps, (unsigned)lost.episodes, (unsigned)lost.values,
                      (unsigned)lost.records);
        assert_lost(table, harmed, &lost, (const char *)sound.data, (const char *)text.data);
        assert_int_equal(count_of((const char *)text.data, "\"type\":\"step\""), steps - lost.steps);
        assert_imports(&text, "main", steps - lost.steps);
        assert_int_equal(place_teardown(&made), 0);
    }
    epi__buffer_dispose(&sound);
    epi__buffer_dispose(&text);
}

/* As a program meets it that starts after the damage: its own mirror cannot be loaded. */
static void a_memory_that_cannot_be_read_otherwise_is_salvaged(void **state) {
    place *p = *state;
    epi__buffer sound = {0}, text = {0};
    fill(p);
    (void)salvage(&sound, p->space);
    assert_true(harm(p->space, EPI__TABLE_RUN) > 0);
    assert_true(harm(p->space, EPI__TABLE_TAIL) > 0);
    assert_true(harm(p->space, EPI__TABLE_VECTOR) > 0);
    place_reopen(p);
    EXPECT(EPI_EDAMAGED, epi_export(p->space, append_piece, &text));
    epi_salvage_report lost = salvage(&text, p->space);
    assert_int_equal(lost.steps, 0);
    assert_string_equal(text.data, sound.data);
    epi__buffer_dispose(&sound);
    epi__buffer_dispose(&text);
}

/* Vectors that the caller gave, which nothing else tells. */
static void a_damaged_vector_leaves_the_rest_of_its_step(void **state) {
    enum { COUNT = 300 };
    place *p = *state;
    epi_space *space = NULL;
    epi_schema schema = epi_schema_default();
    const epi_role text = {.name = "text", .type = EPI_TEXT};
    epi__buffer out = {0};
    schema.encoder = EPI_ENCODER_GIVEN;
    schema.dimension = 4;
    schema.metric = EPI_L2;
    schema.roles = &text;
    schema.role_count = 1;
    EXPECT(EPI_OK, epi_space_open(&space, p->memory, "given", &schema));
    epi_episode *episode = place_episode(space);
    for (size_t i = 0; i < COUNT; i++) {
        const float vector[4] = {(float)i, 1, 2, 3};
        epi_part part = epi_part_text("text", "something with a vector");
        epi_step step = epi_step_default();
        step.parts = &part;
        step.part_count = 1;
        step.vector = vector;
        step.vector_size = 4;
        EXPECT(EPI_OK, epi_episode_append(NULL, episode, &step));
    }
    epi_episode_close(episode);
    epi_upkeep_options upkeep = epi_upkeep_options_default();
    EXPECT(EPI_OK, epi_space_upkeep(NULL, space, &upkeep));
    assert_true(harm(space, EPI__TABLE_VECTOR) > 0);
    epi_salvage_report lost = salvage(&out, space);
    assert_int_equal(lost.steps, 0);
    assert_true(lost.values > 0);
    assert_int_equal(count_of((const char *)out.data, "\"vector\":\""), COUNT - lost.values);
    assert_imports(&out, "given", COUNT);
    epi__buffer_dispose(&out);
    epi_space_close(space);
}

/* ---- columns ---------------------------------------------------------------------------------------------------- */

#define BLOCK 1000u
#define BLOCKS 6u
#define WIDTH 64u

static void fill_columns(epi_space *space) {
    static float observations[BLOCK][WIDTH], rewards[BLOCK];
    static int32_t actions[BLOCK];
    epi_recorder *recorder = place_recorder(space, 1);
    for (size_t b = 0; b < BLOCKS; b++) {
        for (size_t i = 0; i < BLOCK; i++) observations[i][0] = rewards[i] = (float)(b * BLOCK + i);
        epi_column columns[] = {epi_column_f32(EPI_OBSERVATION, &observations[0][0]),
                                epi_column_of(EPI_ACTION, EPI_I32, actions, 0), epi_column_f32(EPI_REWARD, rewards)};
        EXPECT(EPI_OK, epi_transitions_append(NULL, recorder, NULL, columns, EPI__COUNT(columns), BLOCK));
    }
    epi_recorder_close(recorder);
}

static void a_damaged_chunk_costs_its_own_steps(void **state) {
    static const uint8_t tables[] = {EPI__TABLE_CHUNK, EPI__TABLE_ROWS, EPI__TABLE_COLUMN, EPI__TABLE_JOURNAL};
    (void)state;
    epi__buffer text = {0};
    for (size_t i = 0; i < EPI__COUNT(tables); i++) {
        void *made = NULL;
        assert_int_equal(place_setup(&made), 0);
        place *p = made;
        epi_space *space = place_transitions(p, "maze", WIDTH, EPI_I32, 0);
        fill_columns(space);
        uint64_t harmed = harm(space, tables[i]);
        epi_salvage_report lost = salvage(&text, space);
        print_message("%s: %u harmed; lost %u steps\n", epi__table_name(tables[i]), (unsigned)harmed,
                      (unsigned)lost.steps);
        assert_int_equal(lost.steps > 0, tables[i] != EPI__TABLE_JOURNAL);
        assert_true(lost.steps < BLOCK * BLOCKS / 2);
        assert_imports(&text, "maze", BLOCK * BLOCKS - lost.steps);
        epi_space_close(space);
        assert_int_equal(place_teardown(&made), 0);
    }
    epi__buffer_dispose(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_table_is_damaged_all_else_comes_out),
        cmocka_unit_test_setup_teardown(a_memory_that_cannot_be_read_otherwise_is_salvaged, place_setup,
                                        place_teardown),
        cmocka_unit_test_setup_teardown(a_damaged_vector_leaves_the_rest_of_its_step, place_setup, place_teardown),
        cmocka_unit_test(a_damaged_chunk_costs_its_own_steps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
