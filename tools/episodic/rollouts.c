/* rollouts.c - `episodic imagine` in a space of numeric transitions: ways that were never taken as a whole, a line for
 * each piece of an episode and for each step, or the same as JSON.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

#define STEPS_WITHOUT_GOAL 20u

/* What was asked, with room for its numbers. */
typedef struct question {
    epi_situation start;
    epi_goal goal;
    bool has_goal;
    epi_imagine_options options;
    float *from, *to;
} question;

/* ---- reading ----------------------------------------------------------------------------------------------------- */

/* "1,2.5,-3" */
static int read_numbers(float **numbers, size_t *count, const cli *c, const char *name) {
    const char *text = cli_value(c, name);
    size_t room = 1;
    for (const char *at = text; *at != '\0'; at++) room += *at == ',';
    *count = 0;
    *numbers = calloc(room, sizeof **numbers);
    if (*numbers == NULL) return cli_error(c, DEFECT, "out of memory");
    for (const char *at = text;;) {
        char *end = NULL;
        (*numbers)[(*count)++] = strtof(at, &end);
        if (end == at || (*end != ',' && *end != '\0'))
            return cli_error(c, BAD_USAGE, "--%s: \"%s\" is not numbers with commas between", name, text);
        if (*end == '\0') return DONE;
        at = end + 1;
    }
}

static int read_place(epi_tensor *place, uint64_t *step, float **numbers, const cli *c, const char *name,
                      const char *step_name) {
    size_t count = 0;
    if (cli_has(c, name) && cli_has(c, step_name))
        return cli_error(c, BAD_USAGE, "--%s and --%s are two answers to one question", name, step_name);
    if (cli_has(c, step_name)) return cli_number(step, c, step_name, cli_value(c, step_name), UINT64_MAX);
    if (!cli_has(c, name)) return DONE;
    int code = read_numbers(numbers, &count, c, name);
    *place = epi_tensor_f32(*numbers, count);
    return code;
}

static int read_limit(uint32_t *limit, const cli *c, const char *name, uint64_t max) {
    uint64_t value = *limit;
    int code = cli_has(c, name) ? cli_number(&value, c, name, cli_value(c, name), max) : DONE;
    *limit = (uint32_t)value;
    return code;
}

static int read_search(epi_search *search, const cli *c) {
    static const char *const names[] = {"auto", "best-first", "beam", "mcts"};
    const char *name = cli_value(c, "search");
    if (name == NULL) return DONE;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        *search = (epi_search)i;
        if (strcmp(names[i], name) == 0) return DONE;
    }
    return cli_error(c, BAD_USAGE, "--search: there is no \"%s\"; best-first, beam, mcts", name);
}

static int read_within(double *tolerance, const cli *c) {
    const char *text = cli_value(c, "within");
    char *end = NULL;
    if (text == NULL) return DONE;
    *tolerance = strtod(text, &end);
    if (end != text && *end == '\0' && *tolerance >= 0.0) return DONE;
    return cli_error(c, BAD_USAGE, "--within: \"%s\" is no distance", text);
}

static int read_question(question *q, const cli *c) {
    q->start = epi_situation_default();
    q->goal = epi_goal_default();
    q->options = epi_imagine_options_default();
    int code = read_place(&q->start.observation, &q->start.step, &q->from, c, "from", "from-step");
    if (code == DONE) code = read_place(&q->goal.observation, &q->goal.step, &q->to, c, "to", "to-step");
    q->has_goal = q->goal.observation.data != NULL || q->goal.step != 0;
    if (!q->has_goal) q->options.steps_max = STEPS_WITHOUT_GOAL;
    if (code == DONE) code = read_within(&q->goal.tolerance, c);
    if (code == DONE) code = read_limit(&q->options.steps_max, c, "steps", EPI_ROLLOUT_STEPS_MAX);
    if (code == DONE) code = read_limit(&q->options.k, c, "count", EPI_ROLLOUT_COUNT_MAX);
    if (code == DONE) code = read_search(&q->options.search, c);
    if (code == DONE && cli_has(c, "seed"))
        code = cli_number(&q->options.seed, c, "seed", cli_value(c, "seed"), UINT64_MAX);
    if (code == DONE && q->start.observation.data == NULL && q->start.step == 0)
        code = cli_error(c, BAD_USAGE, "where does it begin? --from NUMBERS or --from-step ID");
    return code;
}

/* ---- for people -------------------------------------------------------------------------------------------------- */

static const char *reason_of(epi_stop_reason reason) {
    switch (reason) {
    case EPI_STOP_GOAL: return "reaches the goal";
    case EPI_STOP_STEPS: return "goes on";
    case EPI_STOP_TERMINATED: return "ends where an episode ended";
    case EPI_STOP_DEAD_END: return "ends where nothing is known to follow";
    case EPI_STOP_UNREACHABLE: return "all that can be reached was looked at";
    case EPI_STOP_EXPANSIONS: return "the limit of places was met";
    case EPI_STOP_TIME: return "the time was over";
    }
    return "";
}

static void print_piece(const cli *c, const epi_piece *piece) {
    const epi_join *join = piece->join;
    printf("  %zu %s as in episode %" PRIu64 " from step %" PRIu64 " on", piece->count,
           piece->count == 1 ? "step" : "steps", piece->episode, piece->first_step);
    if (join != NULL)
        term_print(c, DIM, " | joined %.2g steps away: agreement %.2f, passage %.2f, %" PRIu32 " %s did alike",
                   join->distance, join->agreement, join->passage, join->support,
                   join->support == 1 ? "episode" : "episodes");
    printf("\n");
}

static void print_steps(const cli *c, const epi_rollout *rollout, const epi_piece *piece, size_t size) {
    char at[256];
    char action[256];
    for (size_t i = piece->index; i < piece->index + piece->count; i++) {
        const epi_imagined_step *step = epi_rollout_step(rollout, i);
        print_numbers(at, sizeof at, EPI_F32, step->expected, size);
        print_numbers(action, sizeof action, dtype_of(c, EPI_ACTION), step->action, step->action_size);
        term_print(c, DIM, "%10" PRIu64, step->step);
        printf("  at %s  action %s  reward %g\n", at, action, step->reward);
    }
}

static void print_rollout(const cli *c, const epi_rollout *rollout, size_t size) {
    char end[256];
    print_numbers(end, sizeof end, EPI_F32, rollout->end, size);
    term_print(c, BOLD, "%s", rollout->novelty > 0.0 ? "imagined" : "remembered");
    printf(" | %s after %zu %s of %zu %s, at %s | plausibility %.2g, novelty %.2f, return %.6g",
           reason_of(rollout->stop_reason), rollout->step_count, rollout->step_count == 1 ? "step" : "steps",
           rollout->piece_count, rollout->piece_count == 1 ? "piece" : "pieces", end, rollout->plausibility,
           rollout->novelty, rollout->return_mean);
    if (rollout->return_spread > 0.0) printf(", at the lower end %.4g", rollout->return_low);
    printf("\n");
    for (size_t i = 0; i < rollout->piece_count; i++) {
        const epi_piece *piece = epi_rollout_piece(rollout, i);
        print_piece(c, piece);
        print_steps(c, rollout, piece, size);
    }
}

/* ---- for programs ------------------------------------------------------------------------------------------------ */

static void json_join(epi_json_writer *writer, const epi_join *join) {
    if (join == NULL) {
        epi_json_put_null(writer, "join");
        return;
    }
    epi_json_begin_object(writer, "join");
    epi_json_put_unsigned(writer, "from_step", join->from_step);
    epi_json_put_number(writer, "distance", join->distance);
    epi_json_put_number(writer, "agreement", join->agreement);
    epi_json_put_number(writer, "passage", join->passage);
    epi_json_put_number(writer, "context", join->context);
    epi_json_put_unsigned(writer, "support", join->support);
    epi_json_put_unsigned(writer, "confirmed", join->confirmed);
    epi_json_put_unsigned(writer, "refuted", join->refuted);
    epi_json_put_number(writer, "plausibility", join->plausibility);
    epi_json_end(writer);
}

static void json_step_of(epi_json_writer *writer, const cli *c, const epi_imagined_step *step, size_t size) {
    epi_json_begin_object(writer, NULL);
    epi_json_put_unsigned(writer, "step", step->step);
    json_numbers(writer, "observation", EPI_F32, step->observation, size);
    json_numbers(writer, "expected", EPI_F32, step->expected, size);
    json_numbers(writer, "action", dtype_of(c, EPI_ACTION), step->action, step->action_size);
    epi_json_put_number(writer, "reward", step->reward);
    epi_json_end(writer);
}

static void json_rollout(epi_json_writer *writer, const cli *c, const epi_rollout *rollout, size_t size) {
    epi_json_begin_object(writer, NULL);
    epi_json_put_bool(writer, "imagined", rollout->novelty > 0.0);
    epi_json_put_bool(writer, "goal", rollout->stop_reason == EPI_STOP_GOAL);
    json_text(writer, "end", reason_of(rollout->stop_reason));
    epi_json_put_number(writer, "plausibility", rollout->plausibility);
    epi_json_put_number(writer, "novelty", rollout->novelty);
    epi_json_put_number(writer, "return_mean", rollout->return_mean);
    epi_json_put_number(writer, "return_spread", rollout->return_spread);
    epi_json_put_number(writer, "return_low", rollout->return_low);
    json_numbers(writer, "at", EPI_F32, rollout->end, size);
    epi_json_begin_array(writer, "pieces");
    for (size_t i = 0; i < rollout->piece_count; i++) {
        const epi_piece *piece = epi_rollout_piece(rollout, i);
        epi_json_begin_object(writer, NULL);
        epi_json_put_unsigned(writer, "episode", piece->episode);
        json_join(writer, piece->join);
        epi_json_begin_array(writer, "steps");
        for (size_t j = 0; j < piece->count; j++)
            json_step_of(writer, c, epi_rollout_step(rollout, piece->index + j), size);
        epi_json_end(writer);
        epi_json_end(writer);
    }
    epi_json_end(writer);
    epi_json_end(writer);
}

static int print_json(const cli *c, const epi_rollouts *rollouts, size_t size) {
    epi_json_writer *writer = NULL;
    if (epi_json_writer_new(&writer, false) != EPI_OK) return cli_fail(c, EPI_ENOMEM);
    epi_json_begin_object(writer, NULL);
    json_text(writer, "space", epi_space_name(c->space));
    epi_json_put_unsigned(writer, "places", epi_rollouts_expansions(rollouts));
    epi_json_begin_array(writer, "rollouts");
    for (size_t i = 0; i < epi_rollouts_count(rollouts); i++)
        json_rollout(writer, c, epi_rollouts_get(rollouts, i), size);
    epi_json_end(writer);
    epi_json_end(writer);
    return json_print(c, writer);
}

/* ---- the command ------------------------------------------------------------------------------------------------- */

/* Bytes of an observation as float32. */
static size_t observation_size(const cli *c) {
    const epi_schema *schema = epi_space_schema(c->space);
    size_t size = sizeof(float);
    for (size_t i = 0; i < schema->role_count; i++)
        for (uint32_t d = 0; strcmp(schema->roles[i].name, EPI_OBSERVATION) == 0 && d < schema->roles[i].rank; d++)
            size *= schema->roles[i].shape[d];
    return size;
}

static int print_all(const cli *c, const epi_rollouts *rollouts) {
    size_t size = observation_size(c);
    if (cli_has(c, "json")) {
        int code = print_json(c, rollouts, size);
        return code == DONE && epi_rollouts_count(rollouts) == 0 ? NOTHING : code;
    }
    for (size_t i = 0; i < epi_rollouts_count(rollouts); i++) print_rollout(c, epi_rollouts_get(rollouts, i), size);
    if (epi_rollouts_count(rollouts) > 0) return DONE;
    return cli_error(c, NOTHING, "nothing stored leads there: %s (%" PRIu64 " places)",
                     reason_of(epi_rollouts_stop_reason(rollouts)), epi_rollouts_expansions(rollouts));
}

int rollouts_run(const cli *c) {
    question q = {.has_goal = false};
    epi_rollouts *rollouts = NULL;
    int code = read_question(&q, c);
    if (code == DONE) {
        epi_status status = epi_imagine(&rollouts, c->space, &q.start, q.has_goal ? &q.goal : NULL, &q.options);
        code = status == EPI_OK ? print_all(c, rollouts) : cli_fail(c, status);
    }
    epi_rollouts_free(rollouts);
    free(q.from);
    free(q.to);
    return code;
}
