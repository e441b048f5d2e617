/* prospects.h - what may come of an action, for an agent about to act: over a space of the `trajectory` preset, or any
 * with the roles situation and tool (and, where it has them: task, arguments, result, error, cost).
 *
 * A try is a step with a tool. It succeeded when it has no error and its episode ended with a reward above
 * `success_above`; where episodes have no reward, when it has no error. A step without a tool tells of a situation
 * only: append one at the end of an episode to say what the last try led to.
 *
 * A situation is a JSON object, whose members are compared one by one, or text, compared by its words; so are arguments
 * and the task. What of it matters is learned for each tool from what was stored: each attribute gets the weight with
 * which the other tries of the tool foretell each try best.
 *
 * Nothing here happened: every number is counted from stored steps, and those are named.
 */
#ifndef EPISODIC_PROSPECTS_H
#define EPISODIC_PROSPECTS_H

#include <episodic/space.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Prospects of some candidates. Immutable; own all that is reached from them. */
typedef struct epi_prospects epi_prospects;

#define EPI_CANDIDATE_COUNT_MAX 1024u /**< candidates of one call */
#define EPI_COURSE_COUNT_MAX 64u
#define EPI_PROSPECT_SOURCES_DEFAULT 8u
#define EPI_PROSPECT_SOURCES_MAX 1024u
#define EPI_PROSPECT_CONFIDENCE_DEFAULT 0.8

/** A tool that could be used. Read during the call only. */
typedef struct epi_candidate {
    const char *tool;      /**< not empty; told apart without case */
    const char *arguments; /**< JSON; NULL: not decided yet */
} epi_candidate;

static inline epi_candidate epi_candidate_tool(const char *tool, const char *arguments) {
    epi_candidate candidate = {tool, arguments};
    return candidate;
}

typedef struct epi_imagine_actions_options {
    uint32_t version;
    uint32_t propose_count; /**< tools to add that are stored and not among the candidates, best first; 0: none */
    uint32_t course_count;  /**< courses of two stages to look for, best first; 0: none */
    uint32_t source_count;  /**< steps named for each prospect; 0: EPI_PROSPECT_SOURCES_DEFAULT */
    double confidence;      /**< of the interval, above 0 and below 1; 0: EPI_PROSPECT_CONFIDENCE_DEFAULT */
    double success_above;   /**< an episode's reward above which it succeeded; 0 by default */
} epi_imagine_actions_options;

static inline epi_imagine_actions_options epi_imagine_actions_options_default(void) {
    epi_imagine_actions_options options = {1, 0, 0, 0, 0.0, 0.0};
    return options;
}

/** A stored try that is like the situation at hand. */
typedef struct epi_precedent {
    uint64_t step;     /**< 0: there is none */
    uint64_t episode;
    double similarity; /**< by what matters for the tool, 0 to 1 */
} epi_precedent;

/** Something that was seen after such tries: a result, an error, a next tool. */
typedef struct epi_seen {
    const char *text; /**< at most EPI_SEEN_SIZE_MAX bytes of it */
    double share;     /**< of the tries at hand, weighted by similarity */
    size_t count;     /**< tries */
    uint64_t step;    /**< the most similar of them: where it is told */
} epi_seen;

#define EPI_SEEN_SIZE_MAX 512u

typedef struct epi_prospect {
    const char *tool;
    const char *arguments;  /**< NULL: not decided */
    bool proposed;          /**< by the library */
    bool no_precedent;      /**< the tool was never tried: all below is 0, and the interval is [0, 1] */
    size_t tried;           /**< tries of the tool */
    size_t succeeded;       /**< of them */
    double similar;         /**< tries in similar situations: the sum of their similarities */
    double success_rate;    /**< of those, drawn towards the tool's own rate where they are few */
    double success_low;     /**< its interval (Wilson's, on the effective count) */
    double success_high;
    bool has_cost;
    double cost;            /**< mean, weighted by similarity */
    double reward;          /**< mean reward of their episodes, weighted by similarity; 0 where none has one */
    epi_precedent success;  /**< the nearest that succeeded */
    epi_precedent failure;  /**< the nearest that did not */
    const epi_seen *results; /**< the most frequent, at most EPI_SEEN_COUNT_MAX */
    size_t result_count;
    const epi_seen *errors;
    size_t error_count;
    const epi_seen *next;   /**< which tool was used after it, in the same episode */
    size_t next_count;
    const uint64_t *sources; /**< steps that were counted, the most similar first */
    size_t source_count;
} epi_prospect;

#define EPI_SEEN_COUNT_MAX 3u

/** One half of a course: a tool, and the step that shows it. */
typedef struct epi_stage {
    const char *tool;
    const char *arguments; /**< as in that step; NULL: it has none */
    const char *situation; /**< in which it would be used: the one at hand, or what the stage before would make of it */
    double rate;           /**< that it brings about what it is there for */
    double rate_low;
    size_t witnesses;      /**< tries in which it did */
    uint64_t step;         /**< the most similar of them */
    uint64_t episode;
} epi_stage;

/** Two tools one after the other: the first brings about a situation in which the second succeeds. */
typedef struct epi_course {
    epi_stage stages[2];
    double rate;      /**< product of the stages' */
    double rate_low;  /**< product of their lower bounds: what courses are ranked by */
    bool stitched;    /**< no stored episode has both stages */
} epi_course;

/** Imagines how each candidate would play out.
 *
 * @param[out] prospects receives them, or NULL on failure: first the candidates in their order, then proposed ones.
 * @param space with the TEXT or JSON roles "situation" and "tool"; its other roles are used where they are there.
 * @param task NULL: none. @param situation a JSON object or text; NULL: none. Each at most EPI_CUE_SIZE_MAX bytes.
 * @param candidates may be NULL when count is 0. @param count at most EPI_CANDIDATE_COUNT_MAX.
 * @param options NULL: the defaults.
 * @return EPI_OK · EPI_EINVAL an argument is NULL, a tool empty, an option out of range · EPI_EUNSUPPORTED the space
 *         has no such roles · EPI_EUTF8 EPI_EJSON EPI_ELIMIT a text is malformed or too long · EPI_EDAMAGED ·
 *         EPI_ECLOSED EPI_ESTALE EPI_EREADERS EPI_ENOMEM
 * @par Ownership freed by epi_prospects_free().
 * @par Thread safety any number of threads on one space. The same stored steps and arguments give the same prospects.
 *      The first call after a change reads the space's steps again; later ones use what it learned.
 * @par Source success rates by kernel regression with a learned weight for each attribute (Nadaraya 1964, Watson 1964;
 *      weights by leave-one-out likelihood, in the spirit of Wettschereck, Aha and Mohri 1997); intervals by Wilson
 *      1927. */
EPI_API epi_status epi_imagine_actions(epi_prospects **prospects, epi_space *space, const char *task,
                                       const char *situation, const epi_candidate *candidates, size_t count,
                                       const epi_imagine_actions_options *options);
EPI_API void epi_prospects_free(epi_prospects *prospects); /**< NULL is allowed */

EPI_API size_t epi_prospects_count(const epi_prospects *prospects); /**< candidates, and what was proposed */
EPI_API const epi_prospect *epi_prospects_get(const epi_prospects *prospects, size_t index); /**< NULL past the end */
EPI_API size_t epi_prospects_course_count(const epi_prospects *prospects); /**< at most what was asked for */
/** Courses of two stages, the best first; NULL past the end. */
EPI_API const epi_course *epi_prospects_course(const epi_prospects *prospects, size_t index);
/** The prospect with the greatest success_low, the first of equals; NULL when none has a precedent. */
EPI_API const epi_prospect *epi_prospects_best(const epi_prospects *prospects);

/** As text for a prompt: a heading, then a line for each thing that is told; every line names its source steps and how
 * many witnesses there are, and says that it is imagined. */
EPI_API const char *epi_prospects_text(const epi_prospects *prospects);
/** The same as one JSON object. */
EPI_API const char *epi_prospects_json(const epi_prospects *prospects);

#ifdef __cplusplus
}
#endif
#endif
