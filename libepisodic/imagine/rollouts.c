/* rollouts.c - found nodes made into rollouts that own all they show; reading, verifying and reporting them. */
#include <math.h>
#include <stdlib.h>

#include "search.h"

#define MODULE "imagine"
#define LIKE_ACTION 0.5 /* from this likeness on a step tells how rewards of an action vary */

typedef struct rollout {
    epi_rollout view; /* first: the public pointer is ours */
    epi_rollouts *owner;
    epi_imagined_step *steps;
    epi_piece *pieces;
    epi_join *joins;
} rollout;

struct epi_rollouts {
    epi__arena arena;
    epi_space *space; /* a reference */
    size_t observation_size;
    rollout *items;
    size_t count;
    epi_stop_reason reason;
    uint64_t expansions;
    uint64_t began_us;
    double seconds;
};

/* ---- making ------------------------------------------------------------------------------------------------------ */

typedef struct maker {
    epi_rollouts *made;
    epi__search *search;
    const epi__returns *values; /* NULL: with a goal */
    rollout *rollout;
    double variance; /* of the return so far */
} maker;

static epi_status out_of_memory(void) {
    return epi__fail_memory(MODULE, 0);
}

static epi_status make_step(maker *m, const float *from, const epi__node *node, uint32_t row, const epi_join *join) {
    const epi__traces *t = m->search->traces;
    size_t size = t->observation_size;
    epi_imagined_step *step = &m->rollout->steps[m->rollout->view.step_count++];
    float *expected = epi__arena_alloc(&m->made->arena, size, sizeof *expected);
    step->step = t->steps[row];
    step->episode = t->episodes[row];
    step->observation = epi__arena_copy(&m->made->arena, epi__traces_observation(t, row), size * sizeof(float));
    step->action = epi__arena_copy(&m->made->arena, epi__traces_action(t, row), t->action_size);
    step->action_size = t->action_size;
    step->reward = t->rewards[row];
    step->flags = t->flags[row] & (EPI__TRACE_TERMINATED | EPI__TRACE_TRUNCATED);
    step->join = join;
    step->expected = expected;
    if (!expected || !step->observation || !step->action) return out_of_memory();
    const float *first = epi__traces_observation(t, node->row), *at = epi__traces_observation(t, row);
    for (size_t i = 0; i < size; i++) expected[i] = from[i] + (at[i] - first[i]);
    return EPI_OK;
}

/* How much the reward of such an action varies around here, over the steps that took it. */
static double reward_variance(const epi__search *search, uint32_t row) {
    double sum = 0.0, squares = 0.0, count = 0.0;
    for (size_t i = 0; i < search->around.witness_count; i++) {
        uint32_t other = search->around.witnesses[i].row;
        if (epi__action_likeness(search->traces, other, row) < LIKE_ACTION) continue;
        double reward = search->traces->rewards[other];
        sum += reward;
        squares += reward * reward;
        count += 1.0;
    }
    return count > 0.0 ? fmax(squares / count - sum / count * (sum / count), 0.0) : 0.0;
}

static const epi_join *make_join(maker *m, const epi__node *node) {
    const epi__traces *t = m->search->traces;
    epi_join *join = &m->rollout->joins[m->rollout->view.join_count++];
    const epi__node *parent = &m->search->nodes[node->parent];
    epi__join_score(join, &m->search->judge, &m->search->around, node->row);
    uint32_t last = parent->row;
    for (uint32_t i = 1; last != EPI__NO_ROW && i < parent->count; i++) last = t->next[last];
    join->from_step = last == EPI__NO_ROW ? 0 : t->steps[last];
    join->to_step = t->steps[node->row];
    join->to_episode = t->episodes[node->row];
    join->index = m->rollout->view.step_count;
    return join;
}

static epi_status make_stretch(maker *m, uint32_t at) {
    const epi__node *node = &m->search->nodes[at];
    const epi__traces *t = m->search->traces;
    const epi_join *join = NULL;
    epi__search_look(m->search, node->parent);
    double weight = pow(m->search->options->discount, (double)m->rollout->view.step_count);
    m->variance += weight * weight * reward_variance(m->search, node->row);
    if (node->joined || m->rollout->view.piece_count == 0) {
        epi_piece *piece = &m->rollout->pieces[m->rollout->view.piece_count++];
        if (node->joined) join = make_join(m, node);
        *piece = (epi_piece){t->episodes[node->row], t->steps[node->row], m->rollout->view.step_count, 0, join};
    }
    uint32_t row = node->row;
    for (uint32_t i = 0; i < node->count; i++, row = t->next[row], join = NULL)
        EPI__TRY(make_step(m, epi__search_place(m->search, node->parent), node, row, join));
    m->rollout->pieces[m->rollout->view.piece_count - 1].count += node->count;
    return EPI_OK;
}

static epi_stop_reason stop_reason(const epi__search *search, const epi__node *end) {
    if (end->at_goal) return EPI_STOP_GOAL;
    if (end->ended) return EPI_STOP_TERMINATED;
    if (end->steps >= search->options->steps_max) return EPI_STOP_STEPS;
    return search->reason == EPI_STOP_STEPS ? EPI_STOP_DEAD_END : search->reason;
}

static void sum_up(maker *m, uint32_t at) {
    epi_rollout *view = &m->rollout->view;
    const epi_imagine_options *o = m->search->options;
    double mean = 0.0, spread = 0.0;
    if (m->values) epi__returns_around(&mean, &spread, m->values, m->search, at);
    const epi__node *end = &m->search->nodes[at];
    double weight = pow(o->discount, (double)view->step_count);
    view->plausibility = exp(-end->doubt);
    view->return_mean = end->gain + weight * mean;
    m->variance += weight * weight * spread * spread;
    if (m->values) m->variance += (1.0 - view->plausibility) * m->values->spread * m->values->spread;
    view->return_spread = sqrt(m->variance);
    view->return_low = view->return_mean - o->risk * view->return_spread;
    view->novelty = epi__search_novelty(m->search, at);
    view->stop_reason = stop_reason(m->search, end);
}

/* The nodes from the start to this one, in order; *count of them, without the start. */
static epi_status chain_of(uint32_t **chain, size_t *count, maker *m, uint32_t at) {
    const epi__node *nodes = m->search->nodes;
    *count = 0;
    for (uint32_t i = at; nodes[i].parent != EPI__NO_NODE; i = nodes[i].parent) ++*count;
    *chain = epi__arena_alloc(&m->made->arena, *count + 1, sizeof **chain);
    if (!*chain) return out_of_memory();
    size_t place = *count;
    for (uint32_t i = at; nodes[i].parent != EPI__NO_NODE; i = nodes[i].parent) (*chain)[--place] = i;
    return EPI_OK;
}

static epi_status make_rollout(maker *m, uint32_t at) {
    epi__arena *arena = &m->made->arena;
    uint32_t *chain;
    size_t count;
    EPI__TRY(chain_of(&chain, &count, m, at));
    m->rollout = &m->made->items[m->made->count];
    m->rollout->owner = m->made;
    m->rollout->steps = epi__arena_alloc(arena, m->search->nodes[at].steps + 1u, sizeof *m->rollout->steps);
    m->rollout->pieces = epi__arena_alloc(arena, count + 1, sizeof *m->rollout->pieces);
    m->rollout->joins = epi__arena_alloc(arena, count + 1, sizeof *m->rollout->joins);
    if (!m->rollout->steps || !m->rollout->pieces || !m->rollout->joins) return out_of_memory();
    m->variance = 0.0;
    for (size_t i = 0; i < count; i++) EPI__TRY(make_stretch(m, chain[i]));
    sum_up(m, at);
    size_t size = m->made->observation_size * sizeof(float);
    m->rollout->view.end = epi__arena_copy(arena, epi__search_place(m->search, at), size);
    if (!m->rollout->view.end) return out_of_memory();
    m->made->count++;
    return EPI_OK;
}

static int by_low_return(const void *a, const void *b) {
    const rollout *x = a, *y = b;
    if (x->view.return_low != y->view.return_low) return x->view.return_low > y->view.return_low ? -1 : 1;
    return (x->steps > y->steps) - (x->steps < y->steps); /* as they were found */
}

static epi_status make_all(epi_rollouts *made, epi__search *search) {
    epi__returns values = {0};
    maker m = {.made = made, .search = search};
    if (search->found_count == 0) return EPI_OK;
    made->items = epi__arena_alloc(&made->arena, search->found_count, sizeof *made->items);
    epi_status status = made->items ? EPI_OK : out_of_memory();
    if (!status && !search->goal.given) {
        status = epi__returns_make(&values, search);
        m.values = &values;
    }
    for (size_t i = 0; !status && i < search->found_count; i++) status = make_rollout(&m, search->found[i]);
    if (!status && m.values) qsort(made->items, made->count, sizeof *made->items, by_low_return);
    epi__returns_dispose(&values);
    return status;
}

epi_status epi__rollouts_make(epi_rollouts **rollouts, epi_space *space, epi__search *search) {
    epi_rollouts *made = epi__alloc_zero(1, sizeof *made);
    if (!made) return epi__fail_memory(MODULE, sizeof *made);
    atomic_fetch_add(&space->references, 1);
    made->space = space;
    made->observation_size = search->traces->observation_size;
    made->reason = search->reason;
    made->expansions = search->expansions;
    epi_status status = make_all(made, search);
    made->seconds = (double)(epi__clock_monotonic_us() - search->began_us) / 1e6;
    if (status)
        epi_rollouts_free(made);
    else
        *rollouts = made;
    return status;
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

void epi_rollouts_free(epi_rollouts *rollouts) {
    if (!rollouts) return;
    epi__space_release(rollouts->space);
    epi__arena_dispose(&rollouts->arena);
    epi__free(rollouts);
}

size_t epi_rollouts_count(const epi_rollouts *rollouts) {
    return rollouts ? rollouts->count : 0;
}

const epi_rollout *epi_rollouts_get(const epi_rollouts *rollouts, size_t index) {
    return rollouts && index < rollouts->count ? &rollouts->items[index].view : NULL;
}

epi_stop_reason epi_rollouts_stop_reason(const epi_rollouts *rollouts) {
    return rollouts ? rollouts->reason : EPI_STOP_UNREACHABLE;
}

uint64_t epi_rollouts_expansions(const epi_rollouts *rollouts) {
    return rollouts ? rollouts->expansions : 0;
}

double epi_rollouts_seconds(const epi_rollouts *rollouts) {
    return rollouts ? rollouts->seconds : 0.0;
}

static const rollout *own(const epi_rollout *view) {
    return (const rollout *)(const void *)view;
}

const epi_imagined_step *epi_rollout_step(const epi_rollout *view, size_t index) {
    return view && index < view->step_count ? &own(view)->steps[index] : NULL;
}

const epi_piece *epi_rollout_piece(const epi_rollout *view, size_t index) {
    return view && index < view->piece_count ? &own(view)->pieces[index] : NULL;
}

const epi_join *epi_rollout_join(const epi_rollout *view, size_t index) {
    return view && index < view->join_count ? &own(view)->joins[index] : NULL;
}

/* ---- verifying --------------------------------------------------------------------------------------------------- */

static bool is_as_stored(const epi__traces *t, const epi_imagined_step *step) {
    uint32_t row = epi__traces_row(t, step->step);
    if (row == EPI__NO_ROW || t->action_size != step->action_size) return false;
    return t->rewards[row] == step->reward &&
           memcmp(step->observation, epi__traces_observation(t, row), t->observation_size * sizeof(float)) == 0 &&
           memcmp(step->action, epi__traces_action(t, row), t->action_size) == 0;
}

epi_status epi_rollout_verify(const epi_rollout *view) {
    epi__traces *t = NULL;
    epi_status status = EPI_OK;
    if (!view) return epi__fail(EPI_EINVAL, MODULE, "rollout was NULL");
    EPI__TRY(epi__traces_acquire(&t, own(view)->owner->space));
    for (size_t i = 0; !status && i < view->step_count; i++) {
        const epi_imagined_step *step = &own(view)->steps[i];
        if (!is_as_stored(t, step))
            status = epi__fail(EPI_ESTALE, MODULE, "step %llu of the rollout is gone",
                               (unsigned long long)step->step);
    }
    epi__traces_release(t);
    return status;
}

/* ---- reporting --------------------------------------------------------------------------------------------------- */

epi_status epi__rollout_report(epi_space *space, const epi_imagined_step *step, const float *place,
                               epi_report report) {
    epi__traces *t = NULL;
    EPI__TRY(epi__traces_acquire(&t, space));
    uint32_t row = epi__traces_row(t, step->step);
    epi_status status = EPI_OK;
    if (row != EPI__NO_ROW)
        status = epi__reports_add(t, place, epi__traces_observation(t, row), epi__traces_landing(t, row), report);
    epi__traces_release(t);
    return status;
}

epi_status epi_imagine_report(epi_space *space, const epi_rollout *view, const epi_join *join, epi_report report) {
    EPI__TRY(epi__space_check_handle(space));
    if (!view || !join) return epi__fail(EPI_EINVAL, MODULE, "rollout or join was NULL");
    if (report != EPI_CONFIRMED && report != EPI_REFUTED)
        return epi__fail(EPI_EINVAL, MODULE, "report is %d", (int)report);
    const epi_imagined_step *step = epi_rollout_step(view, join->index);
    if (own(view)->owner->space->mirror != space->mirror || !step || step->join != join)
        return epi__fail(EPI_EINVAL, MODULE, "the join is not of this rollout and space");
    return epi__rollout_report(space, step, step->expected, report);
}

epi_status epi_imagine_reset(epi_space *space) {
    epi__traces *t = NULL;
    EPI__TRY(epi__traces_acquire(&t, space));
    epi__reports_clear(t);
    epi__traces_release(t);
    return EPI_OK;
}
