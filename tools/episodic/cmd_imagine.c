/* cmd_imagine.c - `episodic imagine`: how actions may play out, by the tries of a space; or events that could be; or
 * ways through numeric steps (rollouts.c). */
#include <stdlib.h>
#include <string.h>

#include "cli.h"

#define PROPOSE_DEFAULT 5u

static const cli_option options[] = {
    OPTION_SPACE,
    {"task", 0, "TEXT", "what is to be done"},
    {"situation", 0, "TEXT", "as a JSON object, or in words"},
    {"propose", 0, "N", "the N best tools that were not named (5 when none is, else 0)"},
    {"courses", 0, "N", "the N best courses of two tools, one after the other (0)"},
    {"role", 'r', "NAME=VALUE", "in a space of events: what each of them has; may be repeated"},
    {"count", 'k', "N", "events (10), or rollouts of numeric steps (1)"},
    {"story", 0, NULL, "events: what would happen then, one after the other"},
    {"from", 0, "NUMBERS", "numeric steps: an observation to begin at, its numbers with commas between"},
    {"from-step", 0, "ID", "numeric steps: begin as this step began"},
    {"to", 0, "NUMBERS", "numeric steps: an observation to reach; without a goal, the return is wanted"},
    {"to-step", 0, "ID", "numeric steps: reach what this step began in"},
    {"within", 0, "DISTANCE", "numeric steps: how near to the goal is there (0: equal)"},
    {"steps", 0, "N", "numeric steps: at most so many (1000; without a goal 20)"},
    {"search", 0, "NAME", "numeric steps: best-first, beam or mcts (best-first; without a goal beam)"},
    {"seed", 0, "N", "of what is drawn (0)"},
    OPTION_JSON,
    OPTIONS_END,
};

/* Line breaks of the text stay; everything else is escaped, as stored texts may hold anything. */
static int print_told(const cli *c, const char *text, const char *json) {
    bool as_json = cli_has(c, "json");
    char *safe = as_json ? term_escape_json(json, strlen(json)) : term_escape(text, strlen(text), "\n");
    if (safe == NULL) return cli_error(c, DEFECT, "out of memory");
    fputs(safe, stdout);
    if (as_json) putchar('\n');
    free(safe);
    return DONE;
}

static int read_count(uint32_t *number, const cli *c, const char *name, uint64_t max) {
    uint64_t value = *number;
    char option[32];
    snprintf(option, sizeof option, "--%s", name);
    int code = cli_has(c, name) ? cli_number(&value, c, option, cli_value(c, name), max) : DONE;
    *number = (uint32_t)value;
    return code;
}

/* ---- actions --------------------------------------------------------------------------------------------------- */

/* "TOOL" or "TOOL ARGUMENTS": the operand is cut at its first blank. */
static void split_candidate(epi_candidate *candidate, char *operand) {
    char *blank = strchr(operand, ' ');
    if (blank != NULL) *blank = '\0';
    *candidate = epi_candidate_tool(operand, blank != NULL ? blank + 1 : NULL);
}

static int imagine_actions(const cli *c, char **operands) {
    epi_candidate candidates[CLI_GIVEN_MAX];
    epi_prospects *prospects = NULL;
    epi_imagine_actions_options imagine = epi_imagine_actions_options_default();
    imagine.propose_count = c->operand_count == 0 ? PROPOSE_DEFAULT : 0;
    int code = read_count(&imagine.propose_count, c, "propose", EPI_CANDIDATE_COUNT_MAX);
    if (code == DONE) code = read_count(&imagine.course_count, c, "courses", EPI_COURSE_COUNT_MAX);
    if (code != DONE) return code;
    for (size_t i = 0; i < c->operand_count; i++) split_candidate(&candidates[i], operands[i]);
    epi_status status = epi_imagine_actions(&prospects, c->space, cli_value(c, "task"), cli_value(c, "situation"),
                                            candidates, c->operand_count, &imagine);
    if (status != EPI_OK) return cli_fail(c, status);
    bool known = epi_prospects_best(prospects) != NULL || epi_prospects_course_count(prospects) > 0;
    bool silent = epi_prospects_text(prospects)[0] == '\0' && !cli_has(c, "json");
    code = print_told(c, epi_prospects_text(prospects), epi_prospects_json(prospects));
    epi_prospects_free(prospects);
    if (code == DONE && silent) return cli_error(c, NOTHING, "nothing stored says what to do there");
    return code == DONE && !known ? NOTHING : code;
}

static int copy_operands(char **operands, const cli *c) {
    for (size_t i = 0; i < c->operand_count; i++)
        if ((operands[i] = strdup(c->operands[i])) == NULL) return cli_error(c, DEFECT, "out of memory");
    return DONE;
}

static int run_actions(cli *c) {
    char *operands[CLI_GIVEN_MAX] = {NULL};
    int code = copy_operands(operands, c);
    if (code == DONE) code = imagine_actions(c, operands);
    for (size_t i = 0; i < c->operand_count; i++) free(operands[i]);
    return code;
}

/* ---- events ---------------------------------------------------------------------------------------------------- */

static int imagine_events(const cli *c, const epi_part *given, size_t count) {
    epi_events *events = NULL;
    epi_imagine_events_options imagine = epi_imagine_events_options_default();
    uint64_t seed = 0;
    uint32_t wanted = EPI_K_DEFAULT;
    bool story = cli_has(c, "story");
    int code = read_count(&wanted, c, "count", story ? EPI_STORY_COUNT_MAX : EPI_EVENT_COUNT_MAX);
    if (code == DONE && wanted == 0) code = cli_error(c, BAD_USAGE, "-k: at least 1");
    if (code == DONE && cli_has(c, "seed")) code = cli_number(&seed, c, "--seed", cli_value(c, "seed"), UINT64_MAX);
    if (code != DONE) return code;
    imagine.seed = seed;
    if (!story) imagine.k = wanted;
    epi_status status = story ? epi_imagine_story(&events, c->space, given, count, wanted, &imagine)
                              : epi_imagine_events(&events, c->space, given, count, &imagine);
    if (status != EPI_OK) return cli_fail(c, status);
    code = print_told(c, epi_events_text(events), epi_events_json(events));
    if (code == DONE && epi_events_count(events) == 0)
        code = cli_has(c, "json") ? NOTHING : cli_error(c, NOTHING, "nothing stored can be put together to that");
    epi_events_free(events);
    return code;
}

static int run_events(const cli *c) {
    epi_part given[CLI_LIST_MAX];
    char *names[CLI_LIST_MAX];
    size_t count = 0;
    size_t at = 0;
    int code = DONE;
    for (const char *text; code == DONE && (text = cli_each(c, "role", &at)) != NULL;) {
        const char *value = NULL;
        if (count == CLI_LIST_MAX) {
            code = cli_error(c, BAD_USAGE, "--role more than %u times", CLI_LIST_MAX);
        } else if ((names[count] = cli_split_role(c, "role", text, &value)) == NULL) {
            code = BAD_USAGE;
        } else {
            given[count] = epi_part_text(names[count], value);
            count++;
        }
    }
    if (code == DONE) code = imagine_events(c, given, count);
    while (count > 0) free(names[--count]);
    return code;
}

/* ---- the command ------------------------------------------------------------------------------------------------ */

static bool has_role(const epi_schema *schema, const char *name) {
    for (size_t i = 0; i < schema->role_count; i++)
        if (strcmp(schema->roles[i].name, name) == 0) return true;
    return false;
}

static int run(cli *c) {
    int code = cli_open(c, TO_READ, NULL);
    if (code != DONE) return code;
    const epi_schema *schema = epi_space_schema(c->space);
    if (strcmp(schema->preset, "transitions") == 0) return rollouts_run(c);
    if (has_role(schema, "tool") && has_role(schema, "situation")) return run_actions(c);
    if (c->operand_count > 0 || cli_has(c, "situation"))
        return cli_error(c, BAD_USAGE, "space \"%s\" has no tools: its schema has no roles \"tool\" and \"situation\"",
                         epi_space_name(c->space));
    if (strcmp(schema->preset, "conversation") == 0)
        return cli_error(c, BAD_USAGE, "space \"%s\" is a conversation; imagining takes a trajectory, events or %s",
                         epi_space_name(c->space), "transitions");
    return run_events(c);
}

const cli_command cmd_imagine = {
    .name = "imagine",
    .summary = "how actions may play out, events that could be, ways to a goal",
    .usage = "[ACTION...]",
    .examples = "  episodic imagine --space agent --situation '{\"load\":\"high\"}' restart roll_back\n"
                "  episodic imagine --space agent --task \"restore the API\" 'restart {\"name\":\"api\"}' --json\n"
                "  episodic imagine --space agent --courses 3\n"
                "  episodic imagine --space days --role who=Ann --story\n"
                "  episodic imagine --space maze --from 0.5,0.5 --to 8,3 --within 0.5\n",
    .notes = "An action is a tool, or a tool, a blank and its arguments as JSON. All that is told is imagined:\n"
             "counted from stored steps, which each line names. Numeric steps are of the preset transitions: pieces\n"
             "of what was recorded, joined where one could have gone on as the other did; lengths are in local steps.\n"
             "Exit code 1: nothing stored says anything about it, or leads there.\n",
    .options = options,
    .operand_min = 0,
    .operand_max = CLI_GIVEN_MAX,
    .run = run,
};
