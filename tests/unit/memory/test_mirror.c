/* Tests of mirrors: one that followed the journal knows what one knows that was loaded anew, and steps find their
 * neighbours over all runs of their episode. EPISODIC_SEED=n repeats a run.
 */
#include <stdio.h>

#include "memory/handle.h"
#include "memory/vectors.h"
#include "place.h"
#include "quick.h"

/* ---- telling all that a mirror knows ----------------------------------------------------------------------------- */

static epi_status add_posting(void *context, const epi__posting *postings, size_t count) {
    uint64_t *sum = context;
    for (size_t i = 0; i < count; i++)
        *sum += epi__hash64(&postings[i].step, 8) + postings[i].weight * 31u + postings[i].length;
    return EPI_OK;
}

static void tell_tail(epi__buffer *out, const epi__mirror *mirror) {
    static const char *const words[] = {"wapple", "wpear", "wplum", "wfig", ("k\x01" "ann"), "tred", "wmay"};
    for (size_t i = 0; i < EPI__COUNT(words); i++) {
        epi__view term = {words[i], strlen(words[i])};
        uint64_t sum = 0;
        EXPECT(EPI_OK, epi__recent_walk(mirror->tail, term, add_posting, &sum));
        epi__buffer_append_format(out, "term %s: %llu documents, %llx\n", words[i],
                                  (unsigned long long)epi__recent_documents(mirror->tail, term),
                                  (unsigned long long)sum);
    }
}

static void tell_steps(epi__buffer *out, const epi__mirror *mirror, uint64_t end) {
    for (uint64_t step = 1; step < end; step++) {
        const epi__mark *mark = epi__mirror_mark(mirror, step);
        if (mirror->index && epi__index_contains(mirror->index, step))
            epi__buffer_append_format(out, "vector of %llu\n", (unsigned long long)step);
        if (mark)
            epi__buffer_append_format(out, "mark of %llu: %llu %lld\n", (unsigned long long)step,
                                      (unsigned long long)mark->superseded_by, (long long)mark->forgotten_at);
    }
}

static void tell(epi__buffer *out, epi_space *space) {
    epi__snapshot snapshot;
    EXPECT(EPI_OK, epi__snapshot_begin(&snapshot, space->mirror));
    const epi__mirror *mirror = space->mirror;
    epi__buffer_clear(out);
    for (size_t i = 0; i < mirror->run_count; i++) {
        const epi__run *run = &mirror->runs[i];
        epi__buffer_append_format(out, "run %llu: episode %llu, index %llu, count %llu, between %llu and %llu\n",
                                  (unsigned long long)run->first, (unsigned long long)run->episode,
                                  (unsigned long long)run->first_index, (unsigned long long)run->count,
                                  (unsigned long long)run->previous, (unsigned long long)run->next);
    }
    tell_tail(out, mirror);
    tell_steps(out, mirror, snapshot.state.next_step);
    epi__snapshot_end(&snapshot);
    (void)epi__buffer_text(out);
    assert_false(out->failed);
}

static void assert_as_loaded_anew(epi_space *space) {
    epi__buffer followed = {0}, fresh = {0};
    tell(&followed, space);
    pthread_rwlock_wrlock(&space->mirror->lock);
    space->mirror->loaded = false;
    pthread_rwlock_unlock(&space->mirror->lock);
    tell(&fresh, space);
    assert_string_equal((const char *)followed.data, (const char *)fresh.data);
    epi__buffer_dispose(&followed);
    epi__buffer_dispose(&fresh);
}

/* ---- random operations ------------------------------------------------------------------------------------------- */

#define EPISODES 5u

typedef struct writers {
    epi_episode *handles[EPISODES];
    uint64_t steps[4000];
    size_t count;
} writers;

static const char *const TEXTS[] = {"apple pear", "plum plum fig", "a fig and an apple?", "pear", "of the"};

static void append_some(place *p, writers *w, epi__random *random) {
    static const char *const tags[] = {"red"};
    epi_episode **handle = &w->handles[epi__random_below(random, EPISODES)];
    epi_part parts[2];
    epi_step step = place_step(parts, TEXTS[epi__random_below(random, EPI__COUNT(TEXTS))]);
    if (!*handle) *handle = place_episode(p->space);
    step.event_time = epi_time_from_unix(1683500000 + (int64_t)epi__random_below(random, 1000000));
    if (epi__random_below(random, 4) == 0) step.tags = tags, step.tag_count = 1;
    if (w->count && epi__random_below(random, 8) == 0) step.supersedes = w->steps[epi__random_below(random, w->count)];
    for (uint64_t left = 1 + epi__random_below(random, 4); left > 0; left--) {
        epi_status status = epi_episode_append(&w->steps[w->count], *handle, &step);
        if (status == EPI_OK) w->count++;
        else if (status != EPI_ESTALE) EXPECT(EPI_OK, status); /* the episode, or what it supersedes, was removed */
    }
}

static void touch_some(place *p, writers *w, epi__random *random, uint64_t what) {
    uint64_t ids[6];
    epi_filter filter = epi_filter_default();
    if (!w->count) return;
    for (size_t i = 0; i < EPI__COUNT(ids); i++) ids[i] = w->steps[epi__random_below(random, w->count)];
    filter.steps = ids;
    filter.step_count = EPI__COUNT(ids);
    if (what == 0) EXPECT(EPI_OK, epi_forget(NULL, p->space, &filter, 0, false));
    if (what == 1) EXPECT(EPI_OK, epi_restore(NULL, p->space, &filter));
    if (what == 2) EXPECT(EPI_OK, epi_remove(NULL, p->space, &filter, false));
}

static void switch_handle(place *p, writers *w, epi__random *random) {
    epi_episode **handle = &w->handles[epi__random_below(random, EPISODES)];
    epi_episode *other = w->handles[epi__random_below(random, EPISODES)];
    if (*handle == other) return;
    epi_episode_close(*handle); /* with ids still reserved */
    *handle = NULL;
    if (other && epi__random_below(random, 2)) { /* a second writer of one episode */
        epi_status status = epi_episode_resume(handle, p->space, epi_episode_id(other));
        if (status != EPI_ESTALE) EXPECT(EPI_OK, status);
    }
}

static void operate(place *p, writers *w, epi__random *random) {
    uint64_t what = epi__random_below(random, 20);
    if (what < 3) touch_some(p, w, random, what);
    else if (what < 5) switch_handle(p, w, random);
    else if (what == 5) EXPECT(EPI_OK, epi_space_upkeep(NULL, p->space, NULL));
    else append_some(p, w, random);
}

static void a_mirror_that_followed_knows_what_a_fresh_one_knows(void **state) {
    place *p = *state;
    epi__random random = epi__random_seed(quick_seed(51));
    static writers w;
    memset(&w, 0, sizeof w);
    for (int round = 0; round < 25; round++) {
        for (uint64_t left = 2 + epi__random_below(&random, 40); left > 0; left--) {
            operate(p, &w, &random);
            if (epi__random_below(&random, 2)) (void)place_stats(p->space); /* catches up */
        }
        assert_as_loaded_anew(p->space);
    }
    place_check(p->memory);
    for (size_t i = 0; i < EPISODES; i++) epi_episode_close(w.handles[i]);
}

/* ---- runs and neighbours ----------------------------------------------------------------------------------------- */

/* The twin of an episode: its steps in order. */
typedef struct order {
    uint64_t steps[600];
    size_t count;
} order;

static void assert_neighbours(epi_space *space, const order *o) {
    epi__snapshot snapshot;
    EXPECT(EPI_OK, epi__snapshot_begin(&snapshot, space->mirror));
    for (size_t i = 0; i < o->count; i++) {
        const epi__run *run = epi__mirror_run(space->mirror, o->steps[i]);
        assert_non_null(run);
        assert_int_equal(run->first_index + (o->steps[i] - run->first), i);
        for (int d = -70; d <= 70; d++) {
            int64_t at = (int64_t)i + d;
            uint64_t expected = at >= 0 && at < (int64_t)o->count ? o->steps[at] : 0;
            assert_int_equal(epi__mirror_neighbour(space->mirror, o->steps[i], d), expected);
        }
    }
    epi__snapshot_end(&snapshot);
}

static void interleaved_episodes_keep_their_own_order(void **state) {
    place *p = *state;
    epi__random random = epi__random_seed(quick_seed(52));
    epi_episode *episodes[3];
    static order orders[3];
    memset(orders, 0, sizeof orders);
    for (size_t e = 0; e < 3; e++) episodes[e] = place_episode(p->space);
    for (int i = 0; i < 400; i++) {
        size_t e = (size_t)epi__random_below(&random, 3);
        orders[e].steps[orders[e].count++] = place_say(episodes[e], "apple");
    }
    for (size_t e = 0; e < 3; e++) assert_neighbours(p->space, &orders[e]);
    place_reopen(p);
    for (size_t e = 0; e < 3; e++) assert_neighbours(p->space, &orders[e]);
    for (size_t e = 0; e < 3; e++) epi_episode_close(episodes[e]);
}

/* A handle keeps ids that it reserved, so an episode's later steps may have smaller ids. */
static void two_writers_of_one_episode_keep_the_order_of_their_appends(void **state) {
    place *p = *state;
    epi__random random = epi__random_seed(quick_seed(53));
    epi_episode *handles[3] = {place_episode(p->space)};
    static order all;
    bool fell = false;
    all.count = 0;
    for (size_t i = 1; i < 3; i++)
        EXPECT(EPI_OK, epi_episode_resume(&handles[i], p->space, epi_episode_id(handles[0])));
    for (int i = 0; i < 300; i++) {
        all.steps[all.count] = place_say(handles[epi__random_below(&random, 3)], "apple");
        fell = fell || (all.count > 0 && all.steps[all.count] < all.steps[all.count - 1]);
        all.count++;
        if (i % 30 == 0) assert_neighbours(p->space, &all);
    }
    assert_true(fell);
    assert_neighbours(p->space, &all);
    assert_as_loaded_anew(p->space);
    assert_neighbours(p->space, &all);
    for (size_t i = 0; i < 3; i++) epi_episode_close(handles[i]);
}

static void one_writer_gets_ids_without_gaps(void **state) {
    place *p = *state;
    epi_episode *episode = place_episode(p->space);
    uint64_t first = place_say(episode, "apple");
    for (uint64_t i = 1; i < 50; i++) assert_int_equal(place_say(episode, "pear"), first + i);
    epi_episode_close(episode);
    episode = place_episode(p->space);
    assert_int_equal(place_say(episode, "pear"), first + 50);
    epi_episode_close(episode);
    epi__snapshot snapshot;
    EXPECT(EPI_OK, epi__snapshot_begin(&snapshot, p->space->mirror));
    assert_int_equal(p->space->mirror->run_count, 2);
    epi__snapshot_end(&snapshot);
}

static void two_writers_keep_their_steps_together(void **state) {
    place *p = *state;
    epi_episode *a = place_episode(p->space), *b = place_episode(p->space);
    for (int i = 0; i < 1000; i++) {
        (void)place_say(a, "apple");
        (void)place_say(b, "pear");
    }
    epi__snapshot snapshot;
    EXPECT(EPI_OK, epi__snapshot_begin(&snapshot, p->space->mirror));
    assert_true(p->space->mirror->run_count < 40); /* 2,000 without lanes */
    epi__snapshot_end(&snapshot);
    epi_episode_close(a);
    epi_episode_close(b);
}

/* ---- where a step's vector is ------------------------------------------------------------------------------------ */

static void read_vectors(place *p, const uint64_t *steps, size_t count, float *vectors, size_t dimension) {
    for (size_t i = 0; i < count; i++) {
        size_t size = 0;
        EXPECT(EPI_OK, epi_step_vector(vectors + i * dimension, &size, p->space, steps[i]));
        assert_int_equal(size, dimension);
    }
}

static void a_vector_is_the_same_before_and_after_it_is_sealed(void **state) {
    enum { COUNT = 300, DIMENSION = EPI_HASH_DIMENSION_DEFAULT };
    place *p = *state;
    static float before[COUNT * DIMENSION], after[COUNT * DIMENSION], unused[DIMENSION];
    uint64_t steps[COUNT];
    char text[64];
    epi_episode *episode = place_episode(p->space);
    for (size_t i = 0; i < COUNT; i++) {
        (void)snprintf(text, sizeof text, "thing%zu number%zu", i, i * 7 % 13);
        steps[i] = place_say(episode, text);
    }
    uint64_t silent = place_say(episode, "...");
    read_vectors(p, steps, COUNT, before, DIMENSION);
    EXPECT(EPI_OK, epi_space_upkeep(NULL, p->space, NULL));
    assert_int_equal(place_stats(p->space).unsealed, 0);
    read_vectors(p, steps, COUNT, after, DIMENSION);
    assert_memory_equal(before, after, sizeof before);
    epi__snapshot snapshot;
    EXPECT(EPI_OK, epi__snapshot_begin(&snapshot, p->space->mirror));
    for (size_t i = 0; i < COUNT; i++) {
        const float *at = epi__vectors_at(p->space->mirror, snapshot.tx.txn, &snapshot.state, steps[i]);
        assert_non_null(at);
        assert_memory_equal(at, after + i * DIMENSION, DIMENSION * sizeof(float));
    }
    epi__mirror *mirror = p->space->mirror;
    EXPECT(EPI_ENOTFOUND, epi__vectors_get(unused, mirror, snapshot.tx.txn, &snapshot.state, silent));
    assert_null(epi__vectors_at(mirror, snapshot.tx.txn, &snapshot.state, silent));
    assert_null(epi__vectors_at(mirror, snapshot.tx.txn, &snapshot.state, 1u << 30));
    epi__snapshot_end(&snapshot);
    epi_episode_close(episode);
}

static size_t hits_of(place *p, const char *text, uint64_t *steps, double *scores) {
    epi_recollection *found = NULL;
    EXPECT(EPI_OK, epi_recall_text(&found, p->space, text, NULL));
    size_t count = epi_recollection_hit_count(found);
    assert_true(count <= EPI_K_DEFAULT);
    for (size_t i = 0; i < count; i++) {
        steps[i] = epi_recollection_hit(found, i)->step;
        scores[i] = epi_recollection_hit(found, i)->score;
    }
    epi_recollection_free(found);
    return count;
}

static void sealing_changes_no_answer(void **state) {
    static const char *const cues[] = {"apple", "plum fig", "pear in may", "Ann and the figs?"};
    place *p = *state;
    epi__random random = epi__random_seed(quick_seed(54));
    static writers w;
    memset(&w, 0, sizeof w);
    uint64_t before[EPI__COUNT(cues)][EPI_K_DEFAULT], after[EPI_K_DEFAULT];
    double scores[EPI__COUNT(cues)][EPI_K_DEFAULT], again[EPI_K_DEFAULT];
    size_t counts[EPI__COUNT(cues)];
    for (int i = 0; i < 40; i++) append_some(p, &w, &random);
    for (size_t i = 0; i < EPI__COUNT(cues); i++) counts[i] = hits_of(p, cues[i], before[i], scores[i]);
    epi_upkeep_options options = epi_upkeep_options_default();
    for (int indexed = 0; indexed < 2; indexed++) {
        options.index = indexed != 0;
        EXPECT(EPI_OK, epi_space_upkeep(NULL, p->space, &options));
        assert_int_equal(place_stats(p->space).unsealed, 0);
        for (size_t i = 0; i < EPI__COUNT(cues); i++) {
            assert_int_equal(hits_of(p, cues[i], after, again), counts[i]);
            assert_memory_equal(before[i], after, counts[i] * sizeof *after);
            for (size_t h = 0; h < counts[i]; h++) {
                double apart = scores[i][h] - again[h];
                assert_true(apart < 1e-6 && apart > -1e-6);
            }
        }
    }
    for (size_t i = 0; i < EPISODES; i++) epi_episode_close(w.handles[i]);
}

/* What comes and goes for ever may not make a mirror grow for ever. */
static void a_mirror_stays_small_while_steps_and_marks_come_and_go(void **state) {
    place *p = *state;
    epi_episode *episode = place_episode(p->space);
    uint64_t ids[500], count = 0;
    size_t marks = 0;
    (void)place_say(episode, "stays");
    for (int round = 0; round < 12; round++) {
        epi_step steps[EPI__COUNT(ids)];
        epi_part parts[2];
        for (size_t i = 0; i < EPI__COUNT(ids); i++) steps[i] = place_step(parts, "apple");
        EXPECT(EPI_OK, epi_episode_append_many(ids, episode, steps, EPI__COUNT(ids)));
        epi_filter filter = epi_filter_default();
        filter.steps = ids;
        filter.step_count = EPI__COUNT(ids);
        EXPECT(EPI_OK, epi_forget(&count, p->space, &filter, 0, false));
        assert_int_equal(count, EPI__COUNT(ids));
        (void)place_recall(p->space, "apple", NULL); /* catches up */
        EXPECT(EPI_OK, round % 2 ? epi_restore(NULL, p->space, &filter) : EPI_OK);
        EXPECT(EPI_OK, epi_remove(&count, p->space, &filter, false));
        assert_int_equal(count, EPI__COUNT(ids));
        (void)place_recall(p->space, "apple", NULL);
        assert_in_range(epi__recent_removed(p->space->mirror->tail), 0, EPI__SEAL_COUNT);
        marks = EPI__MAX(marks, p->space->mirror->mark_count);
    }
    assert_int_equal(marks, EPI__COUNT(ids));
    assert_as_loaded_anew(p->space);
    epi_episode_close(episode);
    place_check(p->memory);
}

/* Runs that come evenly, in heaps, after great gaps; the search for a run guesses where it is. */
static void every_step_finds_its_run_however_runs_are_spread(void **state) {
    (void)state;
    enum { RUNS = 300 };
    epi__run runs[RUNS];
    epi__random random = epi__random_seed(quick_seed(55));
    for (int round = 0; round < 60; round++) {
        uint64_t next = 1 + epi__random_below(&random, 5), far = round % 3 == 0 ? 1 : round % 3 == 1 ? 50 : 1u << 30;
        epi__mirror mirror = {.runs = runs, .run_count = (size_t)epi__random_below(&random, RUNS + 1)};
        for (size_t i = 0; i < mirror.run_count; i++) {
            if (epi__random_below(&random, 8) == 0) next += epi__random_below(&random, far);
            runs[i] = (epi__run){.first = next, .count = 1 + epi__random_below(&random, 9)};
            next += runs[i].count;
        }
        assert_null(epi__mirror_run(&mirror, 0));
        assert_null(epi__mirror_run(&mirror, next));
        assert_null(epi__mirror_run(&mirror, UINT64_MAX));
        for (size_t i = 0; i < mirror.run_count; i++) {
            const uint64_t behind = runs[i].first + runs[i].count;
            for (uint64_t step = runs[i].first; step < behind; step++)
                assert_ptr_equal(epi__mirror_run(&mirror, step), &runs[i]);
            if (i + 1 == mirror.run_count || runs[i + 1].first > behind) assert_null(epi__mirror_run(&mirror, behind));
        }
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_mirror_that_followed_knows_what_a_fresh_one_knows),
        cmocka_unit_test(every_step_finds_its_run_however_runs_are_spread),
        TEST(interleaved_episodes_keep_their_own_order),
        TEST(two_writers_of_one_episode_keep_the_order_of_their_appends),
        TEST(one_writer_gets_ids_without_gaps),
        TEST(two_writers_keep_their_steps_together),
        TEST(a_vector_is_the_same_before_and_after_it_is_sealed),
        TEST(sealing_changes_no_answer),
        TEST(a_mirror_stays_small_while_steps_and_marks_come_and_go),
    };
    quick();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
