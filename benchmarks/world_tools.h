/* world_tools.h - a hidden world for an agent with tools: which tool works depends on the situation, by rules and with
 * noise.
 *
 * A situation has six attributes of four values each. Each tool is good or bad by two of them, which two is its own
 * affair, and by its argument "mode"; so four attributes of six are beside the point, another four for another tool.
 * What an agent records is a situation, the tool it took at random, and how that went; after a failure it tries another
 * one half of the time.
 *
 * Jobs have two stages: an item that is raw is first to be shaped and then to be finished, each by the one tool that
 * fits one of its attributes. Whoever recorded them saw one stage only: no episode has both.
 */
#ifndef EPI_BENCH_WORLD_TOOLS_H
#define EPI_BENCH_WORLD_TOOLS_H

#include "bench.h"

enum { TOOL_COUNT = 12, TOOL_MODES = 2, TOOL_ATTRIBUTES = 6, TOOL_VALUES = 4 };

typedef struct tool_world tool_world;

typedef struct tool_situation {
    uint8_t value[TOOL_ATTRIBUTES];
} tool_situation;

typedef struct tool_action {
    uint8_t tool, mode;
} tool_action;

tool_world *tool_world_new(uint64_t seed);
void tool_world_free(tool_world *world);
tool_situation tool_world_situation(bench_random *random);
tool_action tool_world_action(bench_random *random);
/* The chance that the action works there. */
double tool_world_chance(const tool_world *world, const tool_situation *situation, tool_action action);
/* What using it costs on average. */
double tool_world_cost(const tool_world *world, tool_action action);

#define TOOL_TEXT_SIZE 256

/* As JSON, and by name; out has TOOL_TEXT_SIZE bytes. Each returns out. */
char *tool_situation_text(char *out, const tool_situation *situation);
char *tool_arguments_text(char *out, tool_action action);
char *tool_name(char *out, size_t tool);

/* ---- jobs of two stages ----------------------------------------------------------------------------------------- */

enum { JOB_RAW, JOB_SHAPED, JOB_DONE };

typedef struct job_state {
    uint8_t stage; /* JOB_... */
    uint8_t value[TOOL_ATTRIBUTES];
} job_state;

job_state job_draw(uint8_t stage, bench_random *random);
/* What the tool makes of it: the next stage where it is the one that fits, else the same. */
job_state job_next(const tool_world *world, const job_state *state, size_t tool);
char *job_text(char *out, const job_state *state);

#endif
