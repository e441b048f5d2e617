/* follow.c - keeping a memory graph level with its space.
 *
 * Idea: rows of the traces are taken in their order. A row has its state when it arrives; the step before it is
 * complete then, and is added. A step that terminated and has no row behind it is complete by itself. So rows that come
 * in pieces make the same visits in the same order as when they come at once, and the same graph.
 * Where that cannot hold (steps are gone, rows have moved) the graph is built again from all rows: no counts are ever
 * taken back.
 */
#include "graph.h"

#include "traces.h"

#define MODULE "graph"

static epi_status reserve_rows(epi_graph *graph, size_t count) {
    if (count <= graph->row_capacity) return EPI_OK;
    size_t capacity = EPI__MAX(count, graph->row_capacity * 2);
    uint32_t *states = epi__realloc(graph->row_states, capacity, sizeof *states);
    if (!states) return epi__fail_memory(MODULE, capacity * sizeof *states);
    graph->row_states = states;
    graph->row_capacity = capacity;
    return EPI_OK;
}

static epi_status number_of_episode(uint32_t *number, epi_graph *graph, uint64_t episode) {
    uint64_t found = graph->episode_at.count;
    if (!epi__map_get(&graph->episode_at, episode, &found) && !epi__map_put(&graph->episode_at, episode, found))
        return epi__fail_memory(MODULE, sizeof episode);
    *number = (uint32_t)found;
    return EPI_OK;
}

static epi_status add_step(epi_graph *graph, const epi__traces *traces, uint32_t row, uint32_t next) {
    uint32_t visit;
    epi__arrival arrival = {.action = epi__traces_action(traces, row),
                            .reward = traces->rewards[row],
                            .step = traces->steps[row],
                            .state = graph->row_states[row],
                            .next = next,
                            .terminated = (traces->flags[row] & EPI__TRACE_TERMINATED) != 0};
    EPI__TRY(number_of_episode(&arrival.episode, graph, traces->episodes[row]));
    return epi__model_add(&visit, &graph->model, &arrival);
}

/* A step is added when the later of its two rows arrives, which mostly is the next one. */
static epi_status add_row(epi_graph *graph, const epi__traces *traces, uint32_t row) {
    const uint32_t before = traces->previous[row], next = traces->next[row];
    if (traces->flags[row] & EPI__TRACE_GONE) return EPI_OK;
    EPI__TRY(epi__model_place(&graph->row_states[row], &graph->model, epi__traces_observation(traces, row)));
    graph->step_count += !(traces->flags[row] & EPI__TRACE_FINAL);
    if (before < row) EPI__TRY(add_step(graph, traces, before, graph->row_states[row]));
    if (next < row) return add_step(graph, traces, row, graph->row_states[next]);
    const unsigned flags = traces->flags[row] & (EPI__TRACE_TERMINATED | EPI__TRACE_FINAL);
    if (next != EPI__NO_ROW || flags != EPI__TRACE_TERMINATED) return EPI_OK;
    return add_step(graph, traces, row, EPI_NO_STATE);
}

static void start_anew(epi_graph *graph) {
    epi__model_clear(&graph->model);
    epi__map_clear(&graph->episode_at);
    graph->row_count = 0;
    graph->step_count = 0;
    graph->rebuilds++;
}

static epi_status add_rows(epi_graph *graph, const epi__traces *traces) {
    EPI__TRY(reserve_rows(graph, traces->count));
    for (; graph->row_count < traces->count; graph->row_count++)
        EPI__TRY(add_row(graph, traces, (uint32_t)graph->row_count));
    graph->generation = traces->generation;
    graph->gone_count = traces->gone_count;
    return EPI_OK;
}

static epi_status follow(bool *rebuilt, epi_graph *graph, const epi__traces *traces) {
    *rebuilt = graph->row_count > 0 &&
               (graph->generation != traces->generation || graph->gone_count != traces->gone_count);
    if (*rebuilt) start_anew(graph);
    return add_rows(graph, traces);
}

epi_status epi__graph_sizes(uint32_t *observation_size, uint32_t *action_size, epi_space *space) {
    epi__traces *traces = NULL;
    EPI__TRY(epi__traces_acquire(&traces, space));
    *observation_size = traces->observation_size;
    *action_size = traces->action_size;
    epi__traces_release(traces);
    if (*action_size > 0) return EPI_OK;
    return epi__fail(EPI_EUNSUPPORTED, MODULE, "space \"%s\" records no action", epi_space_name(space));
}

epi_status epi__graph_follow(bool *rebuilt, epi_graph *graph) {
    epi__traces *traces = NULL;
    EPI__TRY(epi__traces_acquire(&traces, graph->space));
    epi_status status = follow(rebuilt, graph, traces);
    epi__traces_release(traces);
    if (status) start_anew(graph); /* half of the rows are no graph */
    return status;
}
