/* Tests of chunks of which little is left: their space is given back, what stays reads as before, what went is in no
 * byte of the file, and a record that was tampered with is refused. */
#include <stdio.h>
#include <stdlib.h>

#include "column/parts.h"
#include "place.h"
#include "quick.h"

#define SIZE 4000u /* bytes of an observation: 64 slots a chunk */
#define STEPS 640u
#define EPISODE 20u
#define KEPT 8u /* of so many steps one stays */
#define MARK "observed"

typedef struct setting {
    place *place;
    epi_space *space;
    uint64_t ids[STEPS];
} setting;

static setting *s;

static void fill(uint8_t observation[SIZE], size_t step) {
    char mark[32];
    memset(observation, (int)(1 + step % 250), SIZE);
    (void)snprintf(mark, sizeof mark, MARK " %zu.", step);
    memcpy(observation + 8, mark, strlen(mark));
}

static int setup(void **state) {
    static uint8_t observations[STEPS][SIZE], last[STEPS][SIZE];
    bool terminated[STEPS];
    epi_schema schema;
    epi_role roles[EPI_TRANSITION_ROLE_COUNT];
    epi_recorder *recorder = NULL;
    void *made = NULL;
    s = calloc(1, sizeof *s);
    if (!s || place_setup(&made) != 0) return -1;
    s->place = made;
    *state = made;
    EXPECT(EPI_OK, epi_schema_transitions(&schema, roles, 1, EPI_I64, 0));
    roles[0] = epi_role_tensor(EPI_OBSERVATION, EPI_U8, 1, (const uint32_t[]){SIZE});
    EXPECT(EPI_OK, epi_space_open(&s->space, s->place->memory, "steps", &schema));
    EXPECT(EPI_OK, epi_recorder_open(&recorder, s->space, "actor", 1));
    for (size_t i = 0; i < STEPS; i++) {
        fill(observations[i], i);
        terminated[i] = i % EPISODE == EPISODE - 1;
        fill(last[i], terminated[i] ? STEPS + i : i + 1);
    }
    const epi_column columns[] = {epi_column_u8(EPI_OBSERVATION, observations[0]),
                                  epi_column_bool(EPI_TERMINATED, terminated),
                                  epi_column_u8(EPI_NEXT_OBSERVATION, last[0])};
    EXPECT(EPI_OK, epi_transitions_append(s->ids, recorder, NULL, columns, 3, STEPS));
    EXPECT(EPI_OK, epi_sync(NULL, s->place->memory));
    epi_recorder_close(recorder);
    return 0;
}

static int teardown(void **state) {
    epi_space_close(s->space);
    free(s);
    return place_teardown(state);
}

static bool is_kept(size_t step) {
    return step % KEPT == KEPT / 2;
}

static void thin_out(void) {
    uint64_t ids[STEPS], removed = 0;
    epi_filter filter = epi_filter_default();
    filter.steps = ids;
    for (size_t i = 0; i < STEPS; i++)
        if (!is_kept(i)) ids[filter.step_count++] = s->ids[i];
    EXPECT(EPI_OK, epi_remove(&removed, s->space, &filter, false));
    assert_int_equal(removed, filter.step_count);
}

static epi_transition_stats stats_of(void) {
    epi_transition_stats stats;
    EXPECT(EPI_OK, epi_transitions_stats_read(&stats, s->space));
    return stats;
}

/* Observation and next observation of each step that is left; returns how many chunks were spread out for it. */
static size_t compare(void) {
    static uint8_t expected[SIZE];
    epi__snapshot snapshot;
    size_t spread = 0;
    EXPECT(EPI_OK, epi__columns_begin(&snapshot, s->space->mirror));
    const epi__columns *columns = epi__columns_of(snapshot.mirror);
    const epi__layout *layout = epi__columns_layout(columns);
    for (size_t i = 0; i < STEPS; i++) {
        epi__chunk *chunk = NULL;
        uint32_t offset = 0;
        const uint8_t *data = NULL;
        EXPECT(is_kept(i) ? EPI_OK : EPI_ESTALE, epi__columns_find(&chunk, &offset, &snapshot, s->ids[i]));
        if (!is_kept(i)) continue;
        EXPECT(EPI_OK, epi__chunk_data(&data, &snapshot, chunk));
        fill(expected, i);
        assert_memory_equal(epi__slot_at(layout, data, layout->observation, offset), expected, SIZE);
        fill(expected, i % EPISODE == EPISODE - 1 ? STEPS + i : i + 1);
        assert_memory_equal(epi__slot_at(layout, data, layout->observation, offset + 1), expected, SIZE);
    }
    for (uint32_t seat = 0; seat < epi__columns_seat_count(columns); seat++) {
        const epi__chunk *chunk = epi__columns_seat(columns, seat);
        spread += chunk && chunk->spread;
    }
    assert_int_equal(atomic_load(&columns->spread_size), spread * layout->data_size);
    epi__snapshot_end(&snapshot);
    return spread;
}

static void what_was_removed_gives_its_space_back(void **state) {
    (void)state;
    const epi_transition_stats before = stats_of();
    thin_out();
    const epi_transition_stats after = stats_of();
    assert_int_equal(after.steps, STEPS / KEPT);
    assert_true(after.chunks == before.chunks && before.stored_size > 0);
    assert_true(after.stored_size * 10 < before.stored_size * 3); /* a step keeps what came after it */
    assert_true(compare() > 0);
    place_check(s->place->memory);
    EXPECT(EPI_OK, epi_memory_compact(s->place->memory));
    assert_true(compare() > 0);
    assert_int_equal(stats_of().stored_size, after.stored_size);
    place_check(s->place->memory);
}

/* How often an observation's mark is in the store's file; `found` are those. */
static size_t marks_in_file(bool found[2 * STEPS]) {
    char path[4200];
    size_t count = 0;
    (void)snprintf(path, sizeof path, "%s/store.2/data.mdb", s->place->path);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    const size_t size = (size_t)ftell(file), length = strlen(MARK " ");
    char *bytes = malloc(size + 1);
    assert_non_null(bytes);
    rewind(file);
    assert_int_equal(fread(bytes, 1, size, file), size);
    bytes[size] = 0;
    for (size_t at = 0; at + length < size; at++) {
        if (memcmp(bytes + at, MARK " ", length) != 0) continue;
        found[strtoul(bytes + at + length, NULL, 10)] = true;
        count++;
    }
    free(bytes);
    (void)fclose(file);
    return count;
}

/* Neither a step's own observation nor, behind an episode's end, the one that came after it. */
static void no_byte_of_what_was_removed_stays(void **state) {
    (void)state;
    bool found[2 * STEPS] = {false};
    thin_out();
    EXPECT(EPI_OK, epi_memory_compact(s->place->memory));
    assert_true(marks_in_file(found) >= STEPS / KEPT);
    for (size_t i = 0; i < 2 * STEPS; i++) {
        const bool next = i < STEPS && i > 0 && i % EPISODE && is_kept(i - 1);
        const bool last = i >= STEPS && is_kept(i - STEPS) && (i - STEPS) % EPISODE == EPISODE - 1;
        const bool open = i == 2 * STEPS - 1; /* of the chunk that is still being filled */
        if (found[i] != ((i < STEPS && is_kept(i)) || next || last) && !open)
            fail_msg("observation %zu is %s", i, found[i] ? "still there" : "lost");
    }
}

static epi__buffer packed(const epi__layout **layout, uint64_t *number) {
    epi__snapshot snapshot;
    epi__buffer body = {0};
    epi__key key;
    epi__view at;
    EXPECT(EPI_OK, epi__columns_begin(&snapshot, s->space->mirror));
    *layout = epi__columns_layout(epi__columns_of(snapshot.mirror));
    *number = s->ids[STEPS / 2] >> (*layout)->shift;
    epi__key_of_u64(&key, snapshot.mirror->space, EPI__TABLE_COLUMN, *number);
    EXPECT(EPI_OK, epi__record_get(&at, snapshot.tx.txn, &key));
    assert_false(epi__columns_are_dense(*layout, at));
    epi__buffer_append(&body, at.data, at.size);
    epi__snapshot_end(&snapshot);
    return body;
}

static void a_list_of_rows_of_another_size_is_refused(void **state) {
    (void)state;
    const epi__layout *layout = NULL;
    uint64_t number = 0;
    thin_out();
    epi__buffer body = packed(&layout, &number);
    uint8_t *data = calloc(1, layout->data_size);
    assert_non_null(data);
    EXPECT(EPI_OK, epi__columns_spread(data, layout, (epi__view){body.data, body.size}, number));
    for (size_t size = 0; size < body.size; size += size < 200 ? 1 : 997)
        EXPECT(EPI_EDAMAGED, epi__columns_spread(data, layout, (epi__view){body.data, size}, number));
    for (uint32_t row = 0; row <= layout->capacity; row++) {
        body.data[EPI__COLUMN_HEADER + row / 8] ^= (uint8_t)(1u << (row % 8));
        EXPECT(EPI_EDAMAGED, epi__columns_spread(data, layout, (epi__view){body.data, body.size}, number));
        body.data[EPI__COLUMN_HEADER + row / 8] ^= (uint8_t)(1u << (row % 8));
    }
    free(data);
    epi__buffer_dispose(&body);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_removed_gives_its_space_back, setup, teardown),
        cmocka_unit_test_setup_teardown(no_byte_of_what_was_removed_stays, setup, teardown),
        cmocka_unit_test_setup_teardown(a_list_of_rows_of_another_size_is_refused, setup, teardown),
    };
    quick();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
