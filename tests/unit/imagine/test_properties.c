/* What holds of every rollout, whatever is asked, by random questions in two spaces that are recorded into and removed
 * from meanwhile, against a plain list of what is stored: steps are stored ones to the bit, none twice and none of
 * another space; limits are kept; the return is that of the recorded rewards; novelty is what it is said to be; a
 * rollout is stale exactly when a source is gone; nothing imagined is stored or drawn by replay.
 */
#include <math.h>
#include <stdlib.h>

#include "base/base.h"
#include "quick.h"
#include "walks.h"

#define STEPS 12
#define STORED_MAX 4000u
#define HELD 3
#define ROUNDS 240

typedef struct stored {
    uint64_t id, episode;
    float observation[2], action[2], reward;
    bool live;
} stored;

typedef struct world {
    epi_space *space;
    stored *steps;
    size_t count, live;
    epi_rollouts *held[HELD];
} world;

static epi__random dice;

static float unit(void) {
    return (float)epi__random_unit(&dice);
}

static void record(world *w) {
    float places[(STEPS + 1) * 2], actions[STEPS * 2], rewards[STEPS];
    bool terminated[STEPS] = {0}, truncated[STEPS] = {0};
    uint64_t ids[STEPS];
    places[0] = 3.0f * unit();
    places[1] = 3.0f * unit();
    for (size_t i = 0; i < STEPS; i++) {
        for (size_t d = 2 * i; d < 2 * i + 2; d++) {
            actions[d] = unit() - 0.5f;
            places[d + 2] = fminf(fmaxf(places[d] + actions[d], 0.0f), 3.0f);
        }
        rewards[i] = unit() - 0.3f;
    }
    terminated[STEPS - 1] = epi__random_below(&dice, 3) == 0;
    truncated[STEPS - 1] = !terminated[STEPS - 1];
    const epi_column columns[] = {
        epi_column_f32(EPI_OBSERVATION, places),     epi_column_f32(EPI_NEXT_OBSERVATION, places + 2),
        epi_column_f32(EPI_ACTION, actions),         epi_column_f32(EPI_REWARD, rewards),
        epi_column_bool(EPI_TERMINATED, terminated), epi_column_bool(EPI_TRUNCATED, truncated)};
    epi_recorder *recorder = place_recorder(w->space, 1);
    EXPECT(EPI_OK, epi_transitions_append(ids, recorder, NULL, columns, 6, STEPS));
    epi_recorder_close(recorder);
    assert_true(w->count + STEPS <= STORED_MAX);
    for (size_t i = 0; i < STEPS; i++, w->live++) {
        stored *s = &w->steps[w->count++];
        *s = (stored){.id = ids[i], .episode = ids[0], .reward = rewards[i], .live = true};
        memcpy(s->observation, places + 2 * i, sizeof s->observation);
        memcpy(s->action, actions + 2 * i, sizeof s->action);
    }
}

static void forget_one(world *w) {
    stored *s = &w->steps[epi__random_below(&dice, w->count)];
    epi_filter filter = epi_filter_default();
    if (!s->live) return;
    filter.steps = &s->id;
    filter.step_count = 1;
    EXPECT(EPI_OK, epi_remove(NULL, w->space, &filter, false));
    s->live = false;
    w->live--;
}

/* What is stored under an id, or was. */
static const stored *find(const world *w, uint64_t id) {
    size_t i = 0;
    while (i < w->count && w->steps[i].id != id) i++;
    assert_true(i < w->count);
    return &w->steps[i];
}

/* ---- what holds -------------------------------------------------------------------------------------------------- */

static void check_steps(const world *w, const epi_rollout *rollout) {
    for (size_t i = 0; i < rollout->step_count; i++) {
        const epi_imagined_step *step = epi_rollout_step(rollout, i);
        const stored *s = find(w, step->step);
        assert_true(s->live);
        assert_int_equal(step->episode, s->episode);
        assert_memory_equal(step->observation, s->observation, sizeof s->observation);
        assert_memory_equal(step->action, s->action, sizeof s->action);
        assert_true(step->reward == (double)s->reward);
        for (size_t j = 0; j < i; j++) assert_true(epi_rollout_step(rollout, j)->step != step->step);
    }
}

static void check_numbers(const epi_rollout *rollout, const epi_imagine_options *o, bool goal) {
    double sum = 0.0;
    size_t longest = 0;
    for (size_t i = 0; i < rollout->step_count; i++)
        sum += pow(o->discount, (double)i) * epi_rollout_step(rollout, i)->reward;
    for (size_t i = 0; i < rollout->piece_count; i++)
        longest = EPI__MAX(longest, epi_rollout_piece(rollout, i)->count);
    double novelty = 1.0 - (double)longest / (double)rollout->step_count;
    if (goal) assert_true(fabs(rollout->return_mean - sum) < 1e-9);
    assert_true(fabs(rollout->novelty - novelty) < 1e-12 && rollout->novelty >= o->novelty_min);
    assert_true(rollout->return_low == rollout->return_mean - o->risk * rollout->return_spread);
    assert_true(rollout->plausibility > 0.0 && rollout->plausibility <= 1.0);
    assert_in_range(rollout->step_count, 1, o->steps_max);
    assert_in_range(rollout->join_count, 0, o->joins_max);
    for (size_t i = 0; i < rollout->join_count; i++) {
        const epi_join *join = epi_rollout_join(rollout, i);
        if (join->index > 0) assert_true(join->distance <= o->join_radius + 1e-6); /* never a teleport */
    }
}

static epi_imagine_options draw_options(bool goal) {
    epi_imagine_options o = epi_imagine_options_default();
    o.search = (epi_search)((goal ? EPI_SEARCH_BEST_FIRST : EPI_SEARCH_BEAM) + epi__random_below(&dice, goal ? 3 : 2));
    o.test = epi__random_below(&dice, 4) ? EPI_JOIN_EVIDENCE : EPI_JOIN_DISTANCE;
    o.k = (uint32_t)epi__random_below(&dice, 4) + 1;
    o.beam = (uint32_t)epi__random_below(&dice, 12) + 1;
    o.joins_max = (uint32_t)epi__random_below(&dice, 20) + 1;
    o.steps_max = (uint32_t)epi__random_below(&dice, goal ? 60 : 12) + 1;
    o.expansions_max = (uint32_t)epi__random_below(&dice, 300) + 1;
    o.join_radius = 0.3 + epi__random_unit(&dice);
    o.novelty_min = epi__random_below(&dice, 3) ? 0.0 : epi__random_unit(&dice);
    o.discount = 0.8 + 0.2 * epi__random_unit(&dice);
    o.context = (uint32_t)epi__random_below(&dice, 4);
    o.seed = epi__random_next(&dice);
    return o;
}

static void imagine(world *w) {
    const float from[2] = {3.0f * unit(), 3.0f * unit()}, to[2] = {3.0f * unit(), 3.0f * unit()};
    const bool goal = epi__random_below(&dice, 2);
    const size_t slot = epi__random_below(&dice, HELD);
    epi_imagine_options options = draw_options(goal);
    epi_situation start = walks_at(from);
    epi_goal wanted = walks_to(to, 0.4);
    const stored *begin = &w->steps[epi__random_below(&dice, w->count)];
    if (begin->live && epi__random_below(&dice, 3) == 0) {
        start = epi_situation_default();
        start.step = begin->id;
    }
    epi_rollouts_free(w->held[slot]);
    EXPECT(EPI_OK, epi_imagine(&w->held[slot], w->space, &start, goal ? &wanted : NULL, &options));
    assert_in_range(epi_rollouts_count(w->held[slot]), 0, options.k);
    assert_in_range(epi_rollouts_expansions(w->held[slot]), 0, options.expansions_max);
    for (size_t i = 0; i < epi_rollouts_count(w->held[slot]); i++) {
        const epi_rollout *rollout = epi_rollouts_get(w->held[slot], i);
        check_steps(w, rollout);
        check_numbers(rollout, &options, goal);
        walks_assert_whole(rollout);
        if (goal) assert_int_equal(rollout->stop_reason, EPI_STOP_GOAL);
    }
}

static void check_held(const world *w) {
    for (size_t slot = 0; slot < HELD; slot++)
        for (size_t r = 0; r < epi_rollouts_count(w->held[slot]); r++) {
            const epi_rollout *rollout = epi_rollouts_get(w->held[slot], r);
            bool whole = true;
            for (size_t i = 0; i < rollout->step_count; i++)
                whole = whole && find(w, epi_rollout_step(rollout, i)->step)->live;
            EXPECT(whole ? EPI_OK : EPI_ESTALE, epi_rollout_verify(rollout));
        }
}

/* Only what was recorded is in the space, and in what a learner is given. */
static void check_replay(const world *w) {
    enum { DRAWN = 256 };
    uint64_t ids[DRAWN];
    epi_replay *replay = NULL;
    epi_batch batch = epi_batch_default();
    assert_int_equal(place_stats(w->space).steps, w->live);
    EXPECT(EPI_OK, epi_replay_open(&replay, w->space, NULL));
    batch.size = DRAWN;
    batch.ids = ids;
    EXPECT(EPI_OK, epi_replay_sample(replay, &batch, 0.4));
    assert_int_equal(batch.count, DRAWN);
    for (size_t i = 0; i < batch.count; i++) assert_true(find(w, ids[i])->live);
    epi_replay_close(replay);
}

static void every_rollout_is_made_of_what_is_stored(void **state) {
    place *p = *state;
    world worlds[2] = {{.space = walks_space(p, "one")}, {.space = walks_space(p, "two")}};
    dice = epi__random_seed(quick_seed(21));
    for (int i = 0; i < 2; i++) {
        worlds[i].steps = calloc(STORED_MAX, sizeof *worlds[i].steps);
        assert_non_null(worlds[i].steps);
        for (int episode = 0; episode < 40; episode++) record(&worlds[i]);
    }
    for (int round = 0; round < ROUNDS; round++) {
        world *w = &worlds[epi__random_below(&dice, 2)];
        const uint64_t what = epi__random_below(&dice, 10);
        if (what < 2)
            record(w);
        else if (what < 4)
            forget_one(w);
        else
            imagine(w);
        if (round % 8 == 0) check_held(w);
    }
    for (int i = 0; i < 2; i++) {
        check_held(&worlds[i]);
        check_replay(&worlds[i]);
        for (size_t slot = 0; slot < HELD; slot++) epi_rollouts_free(worlds[i].held[slot]);
        epi_space_close(worlds[i].space);
        free(worlds[i].steps);
    }
}

int main(void) {
    quick();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_rollout_is_made_of_what_is_stored, place_setup, place_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
