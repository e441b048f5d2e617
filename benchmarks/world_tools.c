/* world_tools.c - see world_tools.h. */
#include "world_tools.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tool_world {
    uint8_t matters[TOOL_COUNT][2]; /* the two attributes of each tool */
    double chance[TOOL_COUNT][TOOL_VALUES][TOOL_VALUES][TOOL_MODES];
    double cost[TOOL_COUNT];
    uint8_t stage_attribute[2];         /* which attribute says what fits, in each stage */
    uint8_t stage_tool[2][TOOL_VALUES]; /* and which tool that is */
};

static const char *const names[TOOL_COUNT] = {"restart", "rollback", "scale_up", "clear_cache", "reindex", "failover",
                                              "patch",   "reroute",  "throttle", "rotate",      "rebuild", "drain"};
static const char *const attributes[TOOL_ATTRIBUTES] = {"service", "region", "load", "version", "tier", "alarm"};
static const char *const values[TOOL_ATTRIBUTES][TOOL_VALUES] = {
    {"api", "queue", "search", "store"}, {"north", "south", "east", "west"},
    {"idle", "low", "high", "peak"},     {"v1", "v2", "v3", "v4"},
    {"free", "basic", "plus", "max"},    {"disk", "memory", "latency", "errors"},
};
static const char *const modes[TOOL_MODES] = {"careful", "fast"};
static const char *const stages[] = {"raw", "shaped", "done"};

/* Chances of a rule's cells; how often each comes. */
static double draw_chance(bench_random *random) {
    static const double chances[] = {0.05, 0.05, 0.2, 0.2, 0.5, 0.8, 0.95};
    return chances[bench_random_below(random, sizeof chances / sizeof *chances)];
}

static void make_tool(tool_world *world, size_t tool, bench_random *random) {
    uint8_t *matters = world->matters[tool];
    matters[0] = (uint8_t)bench_random_below(random, TOOL_ATTRIBUTES);
    do matters[1] = (uint8_t)bench_random_below(random, TOOL_ATTRIBUTES);
    while (matters[1] == matters[0]);
    world->cost[tool] = 1.0 + 9.0 * bench_random_unit(random);
    double worse = 0.4 + 0.6 * bench_random_unit(random);
    size_t worse_mode = bench_random_below(random, TOOL_MODES);
    for (size_t i = 0; i < TOOL_VALUES; i++)
        for (size_t j = 0; j < TOOL_VALUES; j++) {
            double chance = draw_chance(random);
            for (size_t mode = 0; mode < TOOL_MODES; mode++)
                world->chance[tool][i][j][mode] = mode == worse_mode ? chance * worse : chance;
        }
}

tool_world *tool_world_new(uint64_t seed) {
    tool_world *world = bench_alloc(1, sizeof *world);
    bench_random random = bench_random_of(seed, 0x746f6f6c73);
    for (size_t i = 0; i < TOOL_COUNT; i++) make_tool(world, i, &random);
    for (size_t stage = 0; stage < 2; stage++) {
        world->stage_attribute[stage] = (uint8_t)bench_random_below(&random, TOOL_ATTRIBUTES);
        for (size_t i = 0; i < TOOL_VALUES; i++)
            world->stage_tool[stage][i] = (uint8_t)bench_random_below(&random, TOOL_COUNT);
    }
    return world;
}

void tool_world_free(tool_world *world) {
    free(world);
}

tool_situation tool_world_situation(bench_random *random) {
    tool_situation situation;
    for (size_t i = 0; i < TOOL_ATTRIBUTES; i++) situation.value[i] = (uint8_t)bench_random_below(random, TOOL_VALUES);
    return situation;
}

tool_action tool_world_action(bench_random *random) {
    tool_action action = {(uint8_t)bench_random_below(random, TOOL_COUNT),
                          (uint8_t)bench_random_below(random, TOOL_MODES)};
    return action;
}

double tool_world_chance(const tool_world *world, const tool_situation *situation, tool_action action) {
    const uint8_t *matters = world->matters[action.tool];
    return world->chance[action.tool][situation->value[matters[0]]][situation->value[matters[1]]][action.mode];
}

double tool_world_cost(const tool_world *world, tool_action action) {
    return world->cost[action.tool];
}

/* "name":"value", ... without braces; returns how many bytes. */
static size_t put_attributes(char *out, const uint8_t *value) {
    size_t size = 0;
    for (size_t i = 0; i < TOOL_ATTRIBUTES; i++)
        size += (size_t)snprintf(out + size, TOOL_TEXT_SIZE - size, "%s\"%s\":\"%s\"", i ? "," : "", attributes[i],
                                 values[i][value[i]]);
    return size;
}

char *tool_situation_text(char *out, const tool_situation *situation) {
    char inner[TOOL_TEXT_SIZE];
    put_attributes(inner, situation->value);
    snprintf(out, TOOL_TEXT_SIZE, "{%.*s}", TOOL_TEXT_SIZE - 3, inner);
    return out;
}

char *tool_arguments_text(char *out, tool_action action) {
    snprintf(out, TOOL_TEXT_SIZE, "{\"mode\":\"%s\"}", modes[action.mode]);
    return out;
}

char *tool_name(char *out, size_t tool) {
    snprintf(out, TOOL_TEXT_SIZE, "%s", names[tool]);
    return out;
}

job_state job_draw(uint8_t stage, bench_random *random) {
    job_state state = {.stage = stage};
    tool_situation situation = tool_world_situation(random);
    memcpy(state.value, situation.value, sizeof state.value);
    return state;
}

job_state job_next(const tool_world *world, const job_state *state, size_t tool) {
    job_state next = *state;
    if (state->stage == JOB_DONE) return next;
    uint8_t value = state->value[world->stage_attribute[state->stage]];
    next.stage = (uint8_t)(state->stage + (world->stage_tool[state->stage][value] == tool));
    return next;
}

char *job_text(char *out, const job_state *state) {
    char inner[TOOL_TEXT_SIZE];
    put_attributes(inner, state->value);
    snprintf(out, TOOL_TEXT_SIZE, "{\"item\":\"%s\",%.*s}", stages[state->stage], TOOL_TEXT_SIZE - 32, inner);
    return out;
}
