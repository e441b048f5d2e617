/* dyna.c - tabular Dyna-Q and Dyna-Q+; see dyna.h.
 *
 * Source: Sutton and Barto, Reinforcement Learning (2nd edition, 2018), sections 8.2 and 8.3. In Dyna-Q+ an action that
 * was never tried may be imagined too: it is taken to lead back to its state with reward 0, and to be as old as the
 * agent. The library knows no such step, so the agent adds it.
 */
#include "dyna.h"

#include <math.h>
#include <string.h>

void dyna_begin(dyna *agent, const maze *grid, uint64_t seed, uint64_t stream) {
    epi_graph_options options = epi_graph_options_default();
    options.seed = seed * 1000003u + stream;
    bench_check(epi_graph_create(&agent->graph, 2, 1, &options), "a graph");
    agent->random = bench_random_of(seed, stream);
    agent->columns = grid->columns;
    memset(agent->q, 0, sizeof agent->q);
    memset(agent->tried, 0, sizeof agent->tried);
    agent->steps = agent->backups = agent->changed = 0;
}

void dyna_end(dyna *agent) {
    epi_graph_close(agent->graph);
    agent->graph = NULL;
}

uint32_t dyna_best(const double *values, bench_random *random) {
    uint32_t best = 0, ties = 1;
    for (uint32_t action = 1; action < MAZE_ACTIONS; action++) {
        if (values[action] > values[best]) {
            best = action;
            ties = 1;
        } else if (values[action] >= values[best] && bench_random_below(random, ++ties) == 0) {
            best = action;
        }
    }
    return best;
}

uint32_t dyna_act(dyna *agent, uint32_t cell) {
    if (bench_random_unit(&agent->random) < agent->epsilon)
        return (uint32_t)bench_random_below(&agent->random, MAZE_ACTIONS);
    return dyna_best(agent->q[cell], &agent->random);
}

void dyna_observe(epi_graph *graph, const maze *grid, uint32_t cell, uint32_t action, double reward, uint32_t next,
                  bool terminated) {
    const float from[] = {(float)(cell / grid->columns), (float)(cell % grid->columns)};
    const float to[] = {(float)(next / grid->columns), (float)(next % grid->columns)};
    const uint8_t taken = (uint8_t)action;
    epi_transition step = epi_transition_default();
    step.observation = from;
    step.action = &taken;
    step.reward = reward;
    step.next_observation = to;
    step.flags = terminated ? EPI_STEP_TERMINATED : 0;
    bench_check(epi_graph_observe(NULL, graph, &step), "observing");
}

static void back_up(dyna *agent, uint32_t cell, uint32_t action, double reward, uint32_t next, bool terminated) {
    double future = 0;
    for (uint32_t a = 0; !terminated && a < MAZE_ACTIONS; a++) future = fmax(future, agent->q[next][a]);
    double *q = &agent->q[cell][action];
    const double change = agent->alpha * (reward + agent->gamma * future - *q);
    agent->backups++;
    agent->changed += fabs(change) > 0;
    *q += change;
}

static uint32_t cell_of(const dyna *agent, uint32_t state) {
    const float *at = epi_graph_observation(agent->graph, state);
    return (uint32_t)at[0] * agent->columns + (uint32_t)at[1];
}

static uint32_t action_of(const dyna *agent, uint32_t action) {
    return *(const uint8_t *)epi_graph_action(agent->graph, action);
}

static void imagine(dyna *agent) {
    epi_graph_step step;
    bench_check(epi_graph_sample(&step, agent->graph, 1), "imagining");
    back_up(agent, cell_of(agent, step.state), action_of(agent, step.action), step.reward, cell_of(agent, step.next),
            step.terminated);
}

static void imagine_anything(dyna *agent) {
    uint32_t state, number;
    epi_graph_step step;
    bench_check(epi_graph_sample_state(&state, agent->graph), "a state");
    const uint8_t action = (uint8_t)bench_random_below(&agent->random, MAZE_ACTIONS);
    const uint32_t cell = cell_of(agent, state);
    if (!agent->tried[cell][action]) {
        back_up(agent, cell, action, agent->kappa * sqrt((double)agent->steps), cell, false);
        return;
    }
    bench_check(epi_graph_find_action(&number, agent->graph, &action), "an action");
    bench_check(epi_graph_sample_action(&step, agent->graph, state, number, 1), "imagining");
    back_up(agent, cell, action, step.reward + agent->kappa * sqrt((double)step.age), cell_of(agent, step.next),
            step.terminated);
}

void dyna_learn(dyna *agent, uint32_t cell, uint32_t action, double reward, uint32_t next, bool terminated) {
    const maze grid = {.columns = agent->columns};
    agent->steps++;
    agent->tried[cell][action] = true;
    back_up(agent, cell, action, reward, next, terminated);
    if (agent->planning == 0) return;
    dyna_observe(agent->graph, &grid, cell, action, reward, next, terminated);
    for (uint32_t i = 0; i < agent->planning; i++) {
        if (agent->kappa > 0)
            imagine_anything(agent);
        else
            imagine(agent);
    }
}
