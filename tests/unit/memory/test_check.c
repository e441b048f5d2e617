/* Tests of the check of a memory: a sound one has no violation, and whatever is damaged, lost or forged is reported.
 * Each test takes a rich memory, changes one record past the library, and looks at what the check says.
 */
#include <stdio.h>

#include "memory/handle.h"
#include "place.h"
#include "quick.h"

/* ---- a memory with records of every kind ------------------------------------------------------------------------- */

#define LONG                                                                                                          \
    "a long remark about the orchard behind the house, its pears and its quinces, the ladder that leans on the wall " \
    "since spring, the neighbour who takes the windfalls, and the wasps in September, which goes on and on until it " \
    "is more than a row will hold, so that it becomes a component of its own"

static uint64_t say_long(epi_episode *episode, const char *external_id, uint64_t supersedes) {
    static const char *const tags[] = {"garden", "home"};
    epi_part parts[2];
    epi_step step = place_step(parts, LONG);
    uint64_t id = 0;
    step.external_id = external_id;
    step.supersedes = supersedes;
    step.tags = tags;
    step.tag_count = 2;
    step.metadata = "{\"mood\": \"calm\"}";
    EXPECT(EPI_OK, epi_episode_append(&id, episode, &step));
    return id;
}

static void forget_one(epi_space *space, uint64_t step) {
    epi_filter filter = epi_filter_default();
    filter.steps = &step;
    filter.step_count = 1;
    EXPECT(EPI_OK, epi_forget(NULL, space, &filter, 0, false));
}

/* An encoder that never answers: it is to serve next, and steps wait for it. */
static epi_status fail_to_encode(void *context, float *vectors, const epi_encoder_text *texts, size_t count) {
    (void)context, (void)vectors, (void)texts, (void)count;
    return epi_encoder_fail(EPI_EIO, "nobody answers");
}

static void set_encoder(epi_space *space) {
    epi_encoder encoder = epi_encoder_default();
    epi__change change;
    epi__generation_record record;
    epi__key key;
    encoder.name = "silent";
    encoder.dimension = 4;
    encoder.encode = fail_to_encode;
    EXPECT(EPI_OK, epi_space_encoder_set(space, &encoder));
    /* ... and something that it learned */
    EXPECT(EPI_OK, epi__change_begin(&change, space->mirror->store, space->mirror->space, false));
    EXPECT(EPI_OK, epi__generation_get(&record, change.tx.txn, change.space, change.state.building));
    record.learned = 1;
    EXPECT(EPI_OK, epi__generation_put(&change, change.state.building, &record));
    epi__key_begin(&key, change.space, EPI__TABLE_MODEL);
    epi__key_u32(&key, (uint32_t)change.state.building);
    epi__key_bytes(&key, "wpear", 5);
    EXPECT(EPI_OK, epi__change_put(&change, &key, "model", 5));
    EXPECT(EPI_OK, epi__change_commit(&change, 0));
}

/* Words enough for full blocks, vectors, and a tail that is not sealed. */
static void fill(place *p) {
    epi_episode_options options = epi_episode_options_default();
    epi_episode *episode = NULL;
    epi_part parts[2];
    static epi_step steps[450];
    options.external_id = "day-1";
    options.title = LONG;
    EXPECT(EPI_OK, epi_episode_begin(&episode, p->space, &options));
    for (size_t i = 0; i < EPI__COUNT(steps); i++) steps[i] = place_step(parts, "an apple from the orchard");
    EXPECT(EPI_OK, epi_episode_append_many(NULL, episode, steps, EPI__COUNT(steps)));
    uint64_t first = say_long(episode, "remark-1", 0);
    (void)say_long(episode, "remark-2", first);
    forget_one(p->space, place_say(episode, "never mind"));
    epi_upkeep_options upkeep = epi_upkeep_options_default();
    upkeep.index = false;
    EXPECT(EPI_OK, epi_space_upkeep(NULL, p->space, &upkeep));
    set_encoder(p->space);
    epi_episode *other = place_episode(p->space);
    (void)place_say(other, "a pear");
    (void)place_say(other, "I live in Lisbon."); /* a fact */
    (void)say_long(episode, "remark-3", 0);
    EXPECT(EPI_OK, epi_episode_end(episode, NULL));
    epi_episode_close(episode);
    epi_episode_close(other);
}

static int setup(void **state) {
    if (place_setup(state)) return -1;
    fill(*state);
    return 0;
}

/* ---- what the check says ----------------------------------------------------------------------------------------- */

typedef struct said {
    char tables[64][24];
    char reasons[64][160];
    size_t count;
    uint64_t records;
} said;

static bool hear(void *context, const epi_violation *violation) {
    said *all = context;
    assert_non_null(violation->space);
    assert_non_null(violation->key);
    if (all->count < EPI__COUNT(all->tables)) {
        (void)snprintf(all->tables[all->count], sizeof all->tables[0], "%s", violation->table);
        (void)snprintf(all->reasons[all->count], sizeof all->reasons[0], "%s", violation->reason);
        all->count++;
    }
    return true;
}

static said check(place *p) {
    said all = {.count = 0};
    epi_check_report report = {0};
    EXPECT(EPI_OK, epi_memory_check(&report, p->memory, hear, &all));
    assert_int_equal(report.violations > 0, all.count > 0);
    all.records = report.records;
    return all;
}

static void assert_said(const said *all, const char *table, const char *what) {
    for (size_t i = 0; i < all->count; i++)
        if (strcmp(all->tables[i], table) == 0) return;
    for (size_t i = 0; i < all->count; i++) print_error("%s: %s\n", all->tables[i], all->reasons[i]);
    fail_msg("%s: nothing was said of table %s", what, table);
}

/* ---- past the library -------------------------------------------------------------------------------------------- */

static epi__tx begin_raw(place *p) {
    epi__tx tx;
    EXPECT(EPI_OK, epi__tx_begin(&tx, p->space->mirror->store, true));
    return tx;
}

/* The first, or the last, record of a table, as copies. */
static void find_record(epi__key *key, epi__buffer *value, epi__txn *txn, uint32_t space, uint8_t table, bool last) {
    epi__key first, end;
    epi__range *range = NULL;
    epi__view at, bytes;
    const epi__engine_ops *ops = epi__tx_ops(txn);
    epi__key_begin(&first, space, table);
    end = first;
    epi__key_next(&end);
    EXPECT(EPI_OK, ops->range_open(&range, txn, epi__key_view(&first), epi__key_view(&end), last));
    EXPECT(EPI_OK, ops->range_next(&at, &bytes, range));
    key->size = 0;
    epi__key_bytes(key, at.data, at.size);
    epi__buffer_clear(value);
    epi__buffer_append(value, bytes.data, bytes.size);
    ops->range_close(range);
}

static void put_raw(epi__txn *txn, const epi__key *key, const epi__buffer *value) {
    EXPECT(EPI_OK, epi__tx_ops(txn)->put(txn, epi__key_view(key), (epi__view){value->data, value->size}));
}

static void remove_raw(epi__txn *txn, const epi__key *key) {
    EXPECT(EPI_OK, epi__tx_ops(txn)->remove(txn, epi__key_view(key)));
}

/* ---- each table, each harm --------------------------------------------------------------------------------------- */

enum harm { FLIPPED, LOST, FOREIGN, STALE };
static const char *const HARM_NAMES[] = {"flipped", "lost", "foreign", "stale"};

static void do_harm(place *p, uint8_t table, enum harm harm) {
    epi__tx tx = begin_raw(p);
    epi__key key;
    epi__buffer value = {0};
    find_record(&key, &value, tx.txn, p->space->mirror->space, table, true);
    switch (harm) {
    case FLIPPED:
        value.data[value.size - 1] ^= 0x40;
        put_raw(tx.txn, &key, &value);
        break;
    case LOST: remove_raw(tx.txn, &key); break;
    case FOREIGN: /* a record that nobody wrote, under a key of the right form */
        key.bytes[key.size - 1] ^= 0x15;
        EXPECT(EPI_OK, epi__record_put(NULL, tx.txn, &key, value.data + 8, value.size - 8));
        break;
    case STALE: /* other bytes with a checksum that holds, as an old copy has */
        value.data[8] ^= 1;
        EXPECT(EPI_OK, epi__record_put(NULL, tx.txn, &key, value.data + 8, value.size - 8));
    }
    EXPECT(EPI_OK, epi__tx_commit(&tx));
    epi__buffer_dispose(&value);
}

static void harm_every_table(enum harm harm) {
    for (int slot = 0; slot <= epi__table_slot(EPI__TABLE_JOURNAL); slot++) { /* those behind it are of columns */
        uint8_t table = epi__table_at(slot);
        void *state = NULL;
        if (table == EPI__TABLE_SCHEMA && harm != FLIPPED) continue; /* one record, without which no space opens */
        assert_int_equal(setup(&state), 0);
        do_harm(state, table, harm);
        said all = check(state);
        assert_said(&all, epi__table_name(table), HARM_NAMES[harm]);
        assert_int_equal(place_teardown(&state), 0);
    }
}

static void a_sound_memory_has_no_violation(void **state) {
    place *p = *state;
    said all = check(p);
    for (size_t i = 0; i < all.count; i++) print_error("%s: %s\n", all.tables[i], all.reasons[i]);
    assert_int_equal(all.count, 0);
    assert_true(all.records > 450);
    place_reopen(p);
    place_check(p->memory);
}

static void a_flipped_bit_in_any_table_is_reported(void **state) {
    (void)state;
    harm_every_table(FLIPPED);
}
static void a_lost_record_of_any_table_is_reported(void **state) {
    (void)state;
    harm_every_table(LOST);
}
static void a_foreign_record_in_any_table_is_reported(void **state) {
    (void)state;
    harm_every_table(FOREIGN);
}
static void a_stale_record_in_any_table_is_reported(void **state) {
    (void)state;
    harm_every_table(STALE);
}

/* As a defect of ours would: through the one way to change a space, so that counts and sums agree. */
static void a_record_that_we_lost_ourselves_is_missed_by_others(void **state) {
    (void)state;
    for (int slot = 0; slot <= epi__table_slot(EPI__TABLE_JOURNAL); slot++) { /* those behind it are of columns */
        uint8_t table = epi__table_at(slot);
        void *made = NULL;
        epi__change change;
        epi__key key;
        epi__buffer value = {0};
        if (table == EPI__TABLE_SCHEMA) continue;
        assert_int_equal(setup(&made), 0);
        place *p = made;
        EXPECT(EPI_OK, epi__change_begin(&change, p->space->mirror->store, p->space->mirror->space, false));
        find_record(&key, &value, change.tx.txn, change.space, table, true);
        EXPECT(EPI_OK, epi__change_remove(&change, &key));
        EXPECT(EPI_OK, epi__change_commit(&change, 0));
        if (check(p).count == 0) fail_msg("nobody misses a record of table %s", epi__table_name(table));
        epi__buffer_dispose(&value);
        assert_int_equal(place_teardown(&made), 0);
    }
}

static void a_record_that_we_made_up_ourselves_belongs_to_nobody(void **state) {
    (void)state;
    for (int slot = 0; slot <= epi__table_slot(EPI__TABLE_JOURNAL); slot++) { /* those behind it are of columns */
        uint8_t table = epi__table_at(slot);
        void *made = NULL;
        epi__change change;
        epi__key key;
        epi__buffer value = {0};
        if (table == EPI__TABLE_SCHEMA) continue;
        assert_int_equal(setup(&made), 0);
        place *p = made;
        EXPECT(EPI_OK, epi__change_begin(&change, p->space->mirror->store, p->space->mirror->space, false));
        find_record(&key, &value, change.tx.txn, change.space, table, true);
        key.bytes[key.size - 1] ^= 0x15;
        EXPECT(EPI_OK, epi__change_insert(&change, &key, value.data + 8, value.size - 8));
        EXPECT(EPI_OK, epi__change_commit(&change, 0));
        if (check(p).count == 0) fail_msg("nobody wonders at a record of table %s", epi__table_name(table));
        epi__buffer_dispose(&value);
        assert_int_equal(place_teardown(&made), 0);
    }
}

static void keys_of_another_form_are_reported_not_read_past(void **state) {
    static const uint8_t tables[] = {EPI__TABLE_STEP,   EPI__TABLE_EPISODE, EPI__TABLE_RUN,    EPI__TABLE_MARK,
                                     EPI__TABLE_TAIL,   EPI__TABLE_TIME,    EPI__TABLE_TOLD,   EPI__TABLE_COMPONENT,
                                     EPI__TABLE_VECTOR, EPI__TABLE_POSTING, EPI__TABLE_JOURNAL};
    place *p = *state;
    for (size_t i = 0; i < EPI__COUNT(tables); i++) {
        epi__key key;
        epi__tx tx = begin_raw(p);
        epi__key_begin(&key, p->space->mirror->space, tables[i]);
        epi__key_bytes(&key, "abc", 3);
        EXPECT(EPI_OK, epi__record_put(NULL, tx.txn, &key, "body", 4));
        EXPECT(EPI_OK, epi__tx_commit(&tx));
        said all = check(p);
        assert_said(&all, epi__table_name(tables[i]), "short key");
        tx = begin_raw(p);
        remove_raw(tx.txn, &key);
        EXPECT(EPI_OK, epi__tx_commit(&tx));
    }
    assert_int_equal(check(p).count, 0);
}

/* ---- what stands above the tables -------------------------------------------------------------------------------- */

static void a_damaged_state_is_reported_and_a_lost_one_too(void **state) {
    place *p = *state;
    epi__key key;
    epi__buffer value = {0};
    epi__tx tx = begin_raw(p);
    find_record(&key, &value, tx.txn, p->space->mirror->space, EPI__TABLE_STATE, false);
    value.data[20] ^= 1;
    put_raw(tx.txn, &key, &value);
    EXPECT(EPI_OK, epi__tx_commit(&tx));
    said all = check(p);
    assert_said(&all, "state", "flipped");
    tx = begin_raw(p);
    remove_raw(tx.txn, &key);
    EXPECT(EPI_OK, epi__tx_commit(&tx));
    all = check(p);
    assert_said(&all, "state", "lost");
    epi__buffer_dispose(&value);
}

static void a_damaged_name_is_reported_and_the_other_spaces_are_checked(void **state) {
    place *p = *state;
    epi__key key;
    epi__buffer value = {0};
    epi_space *other = NULL;
    EXPECT(EPI_OK, epi_space_open(&other, p->memory, "other", epi_schema_trajectory()));
    uint64_t records = check(p).records;
    epi__tx tx = begin_raw(p);
    find_record(&key, &value, tx.txn, EPI__SPACE_MEMORY, EPI__TABLE_SPACE_NAME, true); /* "other" */
    value.data[9] ^= 1;
    put_raw(tx.txn, &key, &value);
    EXPECT(EPI_OK, epi__tx_commit(&tx));
    said all = check(p);
    assert_said(&all, "space-name", "flipped");
    assert_true(all.records + 10 > records);
    epi__buffer_dispose(&value);
    epi_space_close(other);
}

static void a_space_whose_name_is_lost_is_reported(void **state) {
    place *p = *state;
    epi__key key;
    epi__buffer value = {0};
    epi__tx tx = begin_raw(p);
    find_record(&key, &value, tx.txn, EPI__SPACE_MEMORY, EPI__TABLE_SPACE_NAME, true);
    remove_raw(tx.txn, &key);
    EXPECT(EPI_OK, epi__tx_commit(&tx));
    said all = check(p);
    assert_said(&all, "space-name", "lost");
    epi__buffer_dispose(&value);
}

static void a_damaged_meta_record_is_reported(void **state) {
    place *p = *state;
    epi__key key;
    epi__buffer value = {0};
    epi__tx tx = begin_raw(p);
    find_record(&key, &value, tx.txn, EPI__SPACE_MEMORY, EPI__TABLE_META, false);
    value.data[value.size - 1] ^= 1;
    put_raw(tx.txn, &key, &value);
    EXPECT(EPI_OK, epi__tx_commit(&tx));
    said all = check(p);
    assert_said(&all, "meta", "flipped");
    epi__buffer_dispose(&value);
}

static bool hear_one(void *context, const epi_violation *violation) {
    (void)violation;
    ++*(int *)context;
    return false;
}

static void the_caller_stops_the_check(void **state) {
    place *p = *state;
    int heard = 0;
    epi_check_report report;
    do_harm(p, EPI__TABLE_STEP, LOST);
    EXPECT(EPI_ECANCELLED, epi_memory_check(&report, p->memory, hear_one, &heard));
    assert_int_equal(heard, 1);
    EXPECT(EPI_OK, epi_memory_check(&report, p->memory, NULL, NULL));
    assert_true(report.violations > 1);
    EXPECT(EPI_OK, epi_memory_check(NULL, p->memory, NULL, NULL));
}

static void a_check_changes_nothing(void **state) {
    place *p = *state;
    uint64_t before = place_stats(p->space).sequence;
    do_harm(p, EPI__TABLE_EXTERNAL, LOST);
    said first = check(p), second = check(p);
    assert_int_equal(first.count, second.count);
    assert_int_equal(place_stats(p->space).sequence, before);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, place_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_sound_memory_has_no_violation),
        cmocka_unit_test(a_flipped_bit_in_any_table_is_reported),
        cmocka_unit_test(a_lost_record_of_any_table_is_reported),
        cmocka_unit_test(a_foreign_record_in_any_table_is_reported),
        cmocka_unit_test(a_stale_record_in_any_table_is_reported),
        cmocka_unit_test(a_record_that_we_lost_ourselves_is_missed_by_others),
        cmocka_unit_test(a_record_that_we_made_up_ourselves_belongs_to_nobody),
        TEST(keys_of_another_form_are_reported_not_read_past),
        TEST(a_damaged_state_is_reported_and_a_lost_one_too),
        TEST(a_damaged_name_is_reported_and_the_other_spaces_are_checked),
        TEST(a_space_whose_name_is_lost_is_reported),
        TEST(a_damaged_meta_record_is_reported),
        TEST(the_caller_stops_the_check),
        TEST(a_check_changes_nothing),
    };
    quick();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
