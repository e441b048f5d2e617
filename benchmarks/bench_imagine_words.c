/* bench_imagine_words.c - the parts of bench_imagine that are about words: events put together anew, and choosing a
 * tool. The library never sees the rules of the worlds.
 */
#include "parts.h"

#include <string.h>

static const struct {
    const char *name;
    void (*run)(const bench_run *run);
} parts[] = {{"events", bench_part_events}, {"tools", bench_part_tools}};
#define PART_COUNT (sizeof parts / sizeof *parts)

static const char about[] =
    "events: who did what where with what outcome, by hidden rules; 200, 1,000 and 5,000 of them, with 0 to 60 % of\n"
    "the outcomes depending on who or where, bundles declared rightly and wrongly: which recombinations are possible,\n"
    "and whether plausibility tells. tools: 12 tools that work by hidden rules of the situation; 200, 1,000 and 5,000\n"
    "episodes: choosing by what is imagined, jobs of two stages whose halves were never seen together. Five worlds\n"
    "from --seed on.";

int main(int argc, char **argv) {
    bench_run run = {.name = "bench_imagine", .usage = "[events|tools]", .about = about, .argument_max = 1};
    bench_start(&run, argc, argv);
    const char *only = run.argument_count ? run.arguments[0] : NULL;
    size_t ran = 0;
    for (size_t i = 0; i < PART_COUNT; i++) {
        if (only && strcmp(only, parts[i].name) != 0) continue;
        parts[i].run(&run);
        ran++;
    }
    if (ran == 0) bench_fail("there is no part \"%s\"", only);
    return 0;
}
