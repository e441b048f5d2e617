/* test_lmdb_limits.c - full maps, full reader tables, snapshots, and several processes on one store. */
#include "scratch.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- limits ----------------------------------------------------------------------------------------------------- */

static void a_full_map_leaves_the_store_usable(void **state) {
    epi__engine *engine;
    epi__engine_options options = scratch_options();
    options.map_size = 1u << 20;
    assert_status(EPI_OK, epi__lmdb_open(&engine, *state, &options));
    commit_text(engine, "before", "value");
    epi__txn *txn = begin(engine, true);
    void *space;
    put_text(txn, "small", "value");
    assert_failure(EPI_EMAPFULL, engine->ops->put_reserve(&space, txn, text_view("large"), 2u << 20),
                   "limit 1048576 bytes");
    assert_null(space);
    assert_failure(EPI_EMAPFULL, engine->ops->put(txn, text_view("other"), text_view("x")), "given up");
    assert_failure(EPI_EMAPFULL, engine->ops->commit(txn), "nothing was committed");
    commit_text(engine, "after", "value");
    txn = begin(engine, false);
    assert_text(txn, "before", "value");
    assert_text(txn, "small", NULL);
    assert_text(txn, "large", NULL);
    assert_text(txn, "after", "value");
    engine->ops->abort(txn);
    engine->ops->close(engine);
}

static void filling_the_map_by_many_commits_loses_nothing_that_was_acknowledged(void **state) {
    epi__engine *engine;
    epi__engine_options options = scratch_options();
    options.map_size = 1u << 20;
    assert_status(EPI_OK, epi__lmdb_open(&engine, *state, &options));
    static const char value[1500];
    uint32_t count = 0;
    epi_status status;
    do {
        uint8_t key[4];
        epi__store_be32(key, count);
        epi__txn *txn = begin(engine, true);
        status = engine->ops->put(txn, (epi__view){key, 4}, (epi__view){value, sizeof(value)});
        if (status == EPI_OK)
            status = engine->ops->commit(txn);
        else
            engine->ops->abort(txn);
    } while (status == EPI_OK && ++count < 10000);
    assert_status(EPI_EMAPFULL, status);
    epi__engine_stats stats;
    assert_status(EPI_OK, engine->ops->stats(&stats, engine));
    assert_int_equal(count, stats.entries);
    engine->ops->close(engine);
}

static void readers_over_the_limit_are_refused_by_name(void **state) {
    epi__engine *engine = scratch_open(*state);
    epi__txn *readers[16], *one_more;
    for (size_t i = 0; i < 16; i++) readers[i] = begin(engine, false);
    assert_failure(EPI_EREADERS, engine->ops->begin(&one_more, engine, false), "limit 16");
    assert_null(one_more);
    engine->ops->abort(readers[3]);
    readers[3] = begin(engine, false);
    for (size_t i = 0; i < 16; i++) engine->ops->abort(readers[i]);
    engine->ops->close(engine);
}

/* Dies with `count` slots in its hands. */
static int take_slots(const char *directory, size_t count) {
    epi__engine *engine;
    epi__engine_options options = scratch_options();
    epi__txn *txn;
    if (epi__lmdb_open(&engine, directory, &options) != EPI_OK) return 1;
    for (size_t i = 0; i < count; i++) {
        if (engine->ops->begin(&txn, engine, false) != EPI_OK) return 2;
    }
    raise(SIGKILL);
    return 3;
}

static int take_some_slots(const char *directory) {
    return take_slots(directory, 5);
}

static int take_all_slots(const char *directory) {
    return take_slots(directory, 16);
}

static void slots_of_a_killed_process_are_taken_back(void **state) {
    /* a second process keeps the lock file in use, or the next to open would start it afresh */
    int ready[2], done[2];
    assert_int_equal(0, pipe(ready) | pipe(done));
    pid_t keeper = fork();
    if (keeper == 0) {
        close(done[1]); /* so that it ends with its parent, come what may */
        epi__engine *engine = scratch_open(*state);
        char byte = 0;
        if (write(ready[1], &byte, 1) != 1 || read(done[0], &byte, 1) != 1) _exit(1);
        engine->ops->close(engine);
        _exit(0);
    }
    char byte = 0;
    assert_int_equal(1, read(ready[0], &byte, 1));
    assert_int_equal(128 + SIGKILL, in_child(take_some_slots, *state)); /* found by the next to open */
    epi__engine *engine = scratch_open(*state);
    epi__engine_stats stats;
    assert_status(EPI_OK, engine->ops->stats(&stats, engine));
    assert_int_equal(0, stats.readers);
    assert_int_equal(128 + SIGKILL, in_child(take_all_slots, *state));
    epi__txn *txn = begin(engine, false); /* while open: the slots are found when they are needed */
    assert_status(EPI_OK, engine->ops->stats(&stats, engine));
    assert_int_equal(1, stats.readers);
    assert_int_equal(16, stats.readers_max);
    engine->ops->abort(txn);
    assert_int_equal(128 + SIGKILL, in_child(take_all_slots, *state));
    assert_status(EPI_OK, engine->ops->reader_check(engine));
    assert_status(EPI_OK, engine->ops->stats(&stats, engine));
    assert_int_equal(0, stats.readers);
    engine->ops->close(engine);
    assert_int_equal(1, write(done[1], &byte, 1));
    int status;
    assert_int_equal(keeper, waitpid(keeper, &status, 0));
    assert_int_equal(0, status);
    close(ready[0]), close(ready[1]), close(done[0]), close(done[1]);
}

static void statistics_count_what_is_in_use(void **state) {
    epi__engine *engine = scratch_open(*state);
    epi__engine_stats empty, full, emptied;
    assert_status(EPI_OK, engine->ops->stats(&empty, engine));
    assert_int_equal(0, empty.entries);
    assert_int_equal(64u << 20, empty.map_size);
    epi__txn *txn = begin(engine, true);
    void *space;
    assert_status(EPI_OK, engine->ops->put_reserve(&space, txn, text_view("large"), 1u << 20));
    memset(space, 1, 1u << 20);
    assert_status(EPI_OK, engine->ops->commit(txn));
    assert_status(EPI_OK, engine->ops->stats(&full, engine));
    assert_int_equal(1, full.entries);
    assert_true(full.used_size >= empty.used_size + (1u << 20));
    assert_true(full.file_size >= full.used_size);
    txn = begin(engine, true);
    assert_status(EPI_OK, engine->ops->remove(txn, text_view("large")));
    assert_status(EPI_OK, engine->ops->commit(txn));
    assert_status(EPI_OK, engine->ops->stats(&emptied, engine));
    assert_true(emptied.used_size < 1u << 20);
    assert_true(emptied.file_size >= full.file_size); /* the file keeps its free pages */
    engine->ops->close(engine);
}

/* ---- snapshots and processes ------------------------------------------------------------------------------------ */

static void a_snapshot_holds_until_it_is_renewed(void **state) {
    epi__engine *engine = scratch_open(*state);
    commit_text(engine, "key", "old");
    epi__txn *reader = begin(engine, false);
    commit_text(engine, "key", "new");
    assert_text(reader, "key", "old");
    engine->ops->reset(reader);
    assert_status(EPI_OK, engine->ops->renew(reader));
    assert_text(reader, "key", "new");
    engine->ops->reset(reader);
    epi__view value;
    assert_failure(EPI_EINVAL, engine->ops->get(&value, reader, text_view("key")), "reset");
    engine->ops->abort(reader);
    engine->ops->close(engine);
}

static int see_and_answer(const char *directory) {
    epi__engine *engine;
    epi__engine_options options = scratch_options();
    epi__txn *txn;
    epi__view value;
    if (epi__lmdb_open(&engine, directory, &options) != EPI_OK || engine->ops->begin(&txn, engine, true) != EPI_OK)
        return 1;
    if (engine->ops->get(&value, txn, text_view("question")) != EPI_OK || value.size != 4) return 2;
    if (engine->ops->put(txn, text_view("answer"), text_view("yes")) != EPI_OK) return 3;
    if (engine->ops->commit(txn) != EPI_OK) return 4;
    engine->ops->close(engine);
    return 0;
}

static void two_processes_see_each_others_commits(void **state) {
    int go[2];
    assert_int_equal(0, pipe(go));
    pid_t child = fork(); /* before the store is opened */
    char byte = 0;
    if (child == 0) _exit(read(go[0], &byte, 1) == 1 ? see_and_answer(*state) : 9);
    epi__engine *engine = scratch_open(*state);
    commit_text(engine, "question", "well");
    epi__txn *txn = begin(engine, false);
    assert_int_equal(1, write(go[1], &byte, 1));
    int status;
    assert_int_equal(child, waitpid(child, &status, 0));
    assert_int_equal(0, status);
    assert_text(txn, "answer", NULL); /* not in the snapshot from before */
    engine->ops->reset(txn);
    assert_status(EPI_OK, engine->ops->renew(txn));
    assert_text(txn, "answer", "yes");
    engine->ops->abort(txn);
    engine->ops->close(engine);
    close(go[0]), close(go[1]);
}

static int die_while_writing(const char *directory) {
    epi__engine *engine;
    epi__engine_options options = scratch_options();
    epi__txn *txn;
    if (epi__lmdb_open(&engine, directory, &options) != EPI_OK || engine->ops->begin(&txn, engine, true) != EPI_OK)
        return 1;
    if (engine->ops->put(txn, text_view("half"), text_view("done")) != EPI_OK) return 2;
    raise(SIGKILL);
    return 3;
}

static void a_writer_that_was_killed_blocks_nobody_and_leaves_nothing(void **state) {
    epi__engine *engine = scratch_open(*state);
    assert_int_equal(128 + SIGKILL, in_child(die_while_writing, *state));
    commit_text(engine, "key", "value");
    epi__txn *txn = begin(engine, false);
    assert_text(txn, "half", NULL);
    assert_text(txn, "key", "value");
    engine->ops->abort(txn);
    engine->ops->close(engine);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_full_map_leaves_the_store_usable),
        TEST(filling_the_map_by_many_commits_loses_nothing_that_was_acknowledged),
        TEST(readers_over_the_limit_are_refused_by_name),
        TEST(slots_of_a_killed_process_are_taken_back),
        TEST(statistics_count_what_is_in_use),
        TEST(a_snapshot_holds_until_it_is_renewed),
        TEST(two_processes_see_each_others_commits),
        TEST(a_writer_that_was_killed_blocks_nobody_and_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
