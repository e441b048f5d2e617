/* bench_imagine.c - what imagining and planning over stored experience achieve, in worlds written here. The library
 * never sees the ground truth: it is given observations, actions and rewards, or events and episodes in words; what it
 * plans is carried out in the true world.
 */
#include <string.h>

#include "imagine_parts.h"
#include "parts.h"

static const struct {
    const char *name;
    void (*run)(const bench_run *run);
} parts[] = {
    {"rooms", imagine_rooms_run},
    {"aliased", imagine_aliased_run},
    {"maze-medium", imagine_maze_medium_run},
    {"maze-large", imagine_maze_large_run},
    {"maze-giant", imagine_maze_giant_run},
    {"speed", imagine_speed_run},
    {"events", bench_part_events},
    {"tools", bench_part_tools},
};
#define PART_COUNT (sizeof parts / sizeof *parts)

static const char about[] =
    "What was never stored but could be: plans, events, what actions lead to; tried in the true world.\n"
    "rooms: four rooms of 10 x 10 with walls of no thickness, 400 random walks of 30 steps, 300 start/goal pairs a\n"
    "  seed; joins judged by evidence and by distance alone; five seeds from --seed on.\n"
    "aliased: the same rooms, seen as (x mod 5, y mod 5), 40 pairs a seed, and a fork at which a sign 4 steps before\n"
    "  tells the way, 100 tries a seed; joins compared over the last 1 to 8 observations, plans carried out without\n"
    "  looking; beside it how well places can be told at all from as many; five seeds.\n"
    "maze: OGBench-like point mazes (own geometry and contact; not comparable with published figures), 5,000 episodes\n"
    "  of 200 steps towards a goal 4 cells away, five tasks x 50 episodes, three seeds; all of the data and a tenth.\n"
    "speed: plans, and imagined steps per second, over 10^4 to 10^6 steps of the giant maze.\n"
    "events: who did what where with what outcome, by hidden rules; 200, 1,000 and 5,000 of them, 0 to 60 % of\n"
    "  the outcomes depending on who or where, bundles declared rightly and wrongly: which recombinations are\n"
    "  possible, and whether plausibility tells.\n"
    "tools: 12 tools that work by hidden rules of the situation; 200, 1,000 and 5,000 episodes: choosing by what is\n"
    "  imagined, jobs of two stages whose halves were never seen together. Both: five worlds from --seed on.\n"
    "PART: rooms, aliased, maze, maze-medium, maze-large, maze-giant, speed, events or tools; all without one.";

/* A part by its name, or by what stands before a dash: "maze" is all three. */
static bool is_named(const char *name, const char *part) {
    size_t size = strlen(name);
    return strncmp(name, part, size) == 0 && (part[size] == 0 || part[size] == '-');
}

int main(int argc, char **argv) {
    bench_run run = {.name = "bench_imagine", .usage = "[PART]", .about = about, .argument_max = 1};
    bench_start(&run, argc, argv);
    const char *only = run.argument_count ? run.arguments[0] : NULL;
    size_t ran = 0;
    for (size_t i = 0; i < PART_COUNT; i++) {
        if (only && !is_named(only, parts[i].name)) continue;
        parts[i].run(&run);
        ran++;
    }
    if (ran == 0) bench_fail("there is no part \"%s\"", only);
    return 0;
}
