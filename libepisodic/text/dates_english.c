/* dates_english.c - expressions of time in English: the words, and the rules over their classes.
 *
 * A word may have several readings; a rule's item is the set of classes that may stand there. Of the rules that fit at
 * a place the longest one counts, of equally long ones the first whose meaning makes a date. So "second", "may",
 * "march", "sun" and "fall" need no exceptions: they are dates only where a rule has them beside other words.
 * Invariant: words in strcmp order; a word's readings stand together.
 */
#include "dates.h"

/* NAME: only with a capital letter ("May", "Sat"). */
#define WORD(text, class, value) \
    { text, EPI__DATE_##class, value, false }
#define NAME(text, class, value) \
    { text, EPI__DATE_##class, value, true }

/* clang-format off */
static const epi__date_word words[] = {
    WORD("a", JOINT, 0), WORD("a", ARTICLE, 1), WORD("a.m", MERIDIEM, 0), WORD("after", AFTER, 0),
    WORD("afternoon", PART, EPI__PART_AFTERNOON), WORD("ago", AGO, 0), WORD("am", MERIDIEM, 0), WORD("an", JOINT, 0),
    WORD("an", ARTICLE, 1), WORD("and", AND, 0), WORD("and", JOINT, 0), WORD("apr", MONTH, 4), WORD("april", MONTH, 4),
    WORD("around", AT, 0), WORD("as", JOINT, 0), WORD("at", JOINT, 0), WORD("at", AT, 0), WORD("ate", WAS, 0),
    WORD("aug", MONTH, 8), WORD("august", MONTH, 8), WORD("autumn", SEASON, 9), WORD("back", AGO, 0),
    WORD("became", WAS, 0), WORD("because", JOINT, 0), WORD("been", WAS, 0), WORD("before", BEFORE, 0),
    WORD("began", WAS, 0), WORD("beginning", EDGE_NOUN, EPI__EDGE_EARLY), WORD("black", NOT_BEFORE, 0),
    WORD("bought", WAS, 0), WORD("broke", WAS, 0), WORD("brought", WAS, 0), WORD("built", WAS, 0),
    WORD("but", JOINT, 0), WORD("by", AT, 0), WORD("by", UNTIL, 0), WORD("came", WAS, 0),
    WORD("casual", NOT_BEFORE, 0), WORD("caught", WAS, 0), WORD("chose", WAS, 0), WORD("coming", COMING, 1),
    WORD("couple", FEW, 202), WORD("current", THIS, 0), WORD("cyber", NOT_BEFORE, 0), WORD("day", UNIT, EPI__UNIT_DAY),
    WORD("days", UNITS, EPI__UNIT_DAY), NAME("dec", MONTH, 12), WORD("decade", UNIT, EPI__UNIT_DECADE),
    WORD("decades", UNITS, EPI__UNIT_DECADE), WORD("december", MONTH, 12), NAME("december", MONTH_ALONE, 12),
    WORD("did", WAS, 0), WORD("didn", WAS, 0), WORD("drank", WAS, 0), WORD("drove", WAS, 0), WORD("during", OVER, 0),
    WORD("each", NOT_BEFORE, 0), WORD("earlier", EARLIER, 0), WORD("early", EDGE, EPI__EDGE_EARLY),
    WORD("eight", NUMBER, 8), WORD("eighteen", NUMBER, 18), WORD("eighteenth", ORDINAL_WORD, 18),
    WORD("eighth", ORDINAL_WORD, 8), WORD("eighty", NUMBER, 80), WORD("eighty", TENS, 80), WORD("eleven", NUMBER, 11),
    WORD("eleventh", ORDINAL_WORD, 11), WORD("end", EDGE_NOUN, EPI__EDGE_LATE),
    WORD("evening", PART, EPI__PART_EVENING), WORD("every", NOT_BEFORE, 0), WORD("fall", SEASON, 9),
    WORD("feb", MONTH, 2), WORD("february", MONTH, 2), NAME("february", MONTH_ALONE, 2), WORD("fell", WAS, 0),
    WORD("felt", WAS, 0), WORD("few", FEW, 205), WORD("fifteen", NUMBER, 15), WORD("fifteenth", ORDINAL_WORD, 15),
    WORD("fifth", ORDINAL_WORD, 5), WORD("fifty", TENS, 50), WORD("fifty", NUMBER, 50), WORD("first", ORDINAL_WORD, 1),
    WORD("five", NUMBER, 5), WORD("flew", WAS, 0), WORD("following", NEXT, 1), WORD("for", JOINT, 0),
    WORD("fortnight", UNIT, EPI__UNIT_FORTNIGHT), WORD("fortnights", UNITS, EPI__UNIT_FORTNIGHT),
    WORD("forty", NUMBER, 40), WORD("forty", TENS, 40), WORD("forward", WILL, 0), WORD("found", WAS, 0),
    WORD("four", NUMBER, 4), WORD("fourteen", NUMBER, 14), WORD("fourteenth", ORDINAL_WORD, 14),
    WORD("fourth", ORDINAL_WORD, 4), WORD("fri", WEEKDAY_SHORT, 4), WORD("friday", WEEKDAY, 4),
    WORD("fridays", WEEKDAYS, 4), WORD("from", FROM, 0), WORD("from", JOINT, 0), WORD("gave", WAS, 0),
    WORD("going", WILL, 0), WORD("gonna", WILL, 0), WORD("good", NOT_BEFORE, 0), WORD("got", WAS, 0),
    WORD("grew", WAS, 0), WORD("had", JOINT, 0), WORD("had", WAS, 0), WORD("hadn", WAS, 0), WORD("half", HALF, 0),
    WORD("he", JOINT, 0), WORD("heard", WAS, 0), WORD("held", WAS, 0), WORD("her", JOINT, 0), WORD("hiked", WAS, 0),
    WORD("his", JOINT, 0), WORD("hope", WILL, 0), WORD("hoping", WILL, 0), WORD("hour", SHORT_UNIT, EPI__UNIT_HOUR),
    WORD("hours", SHORT_UNIT, EPI__UNIT_HOUR), WORD("hurt", WAS, 0), WORD("i", JOINT, 0), WORD("if", JOINT, 0),
    WORD("in", JOINT, 0), WORD("in", OF, 0), WORD("in", IN, 0), WORD("intend", WILL, 0), WORD("is", JOINT, 0),
    WORD("it", JOINT, 0), WORD("its", JOINT, 0), NAME("jan", MONTH, 1), WORD("january", MONTH, 1),
    NAME("january", MONTH_ALONE, 1), WORD("jul", MONTH, 7), WORD("july", MONTH, 7), NAME("july", MONTH_ALONE, 7),
    NAME("jun", MONTH, 6), WORD("june", MONTH, 6), WORD("kept", WAS, 0), WORD("knew", WAS, 0), WORD("last", LAST, -1),
    WORD("last", ORDINAL_WORD, -1), WORD("late", EDGE, EPI__EDGE_LATE), WORD("later", LATER, 0), WORD("led", WAS, 0),
    WORD("left", WAS, 0), WORD("let", WILL, 0), WORD("ll", WILL, 0), WORD("lost", WAS, 0), WORD("made", WAS, 0),
    NAME("mar", MONTH, 3), WORD("march", MONTH_LOWER, 3), NAME("march", MONTH, 3), WORD("may", MONTH_LOWER, 5),
    NAME("may", MONTH, 5), WORD("met", WAS, 0), WORD("mid", EDGE, EPI__EDGE_MIDDLE),
    WORD("middle", EDGE_NOUN, EPI__EDGE_MIDDLE), WORD("min", SHORT_UNIT, EPI__UNIT_MINUTE),
    WORD("mins", SHORT_UNIT, EPI__UNIT_MINUTE), WORD("minute", SHORT_UNIT, EPI__UNIT_MINUTE),
    WORD("minutes", SHORT_UNIT, EPI__UNIT_MINUTE), NAME("mon", WEEKDAY_SHORT, 0), WORD("monday", WEEKDAY, 0),
    WORD("mondays", WEEKDAYS, 0), WORD("month", UNIT, EPI__UNIT_MONTH), WORD("months", UNITS, EPI__UNIT_MONTH),
    WORD("morning", PART, EPI__PART_MORNING), WORD("my", JOINT, 0), WORD("next", NEXT, 1),
    WORD("night", PART, EPI__PART_NIGHT), WORD("nine", NUMBER, 9), WORD("nineteen", NUMBER, 19),
    WORD("nineteenth", ORDINAL_WORD, 19), WORD("ninety", TENS, 90), WORD("ninety", NUMBER, 90),
    WORD("ninth", ORDINAL_WORD, 9), WORD("noon", PART, EPI__PART_NOON), WORD("nov", MONTH, 11),
    WORD("november", MONTH, 11), NAME("november", MONTH_ALONE, 11), WORD("now", NOW, 0), WORD("oct", MONTH, 10),
    WORD("october", MONTH, 10), NAME("october", MONTH_ALONE, 10), WORD("of", OF, 0), WORD("on", ON, 0),
    WORD("one", NUMBER, 1), WORD("or", JOINT, 0), WORD("or", OR, 0), WORD("other", OTHER, 0), WORD("our", JOINT, 0),
    WORD("over", OVER, 0), WORD("p.m", MERIDIEM, 12), WORD("paid", WAS, 0), WORD("past", PAST, -1),
    WORD("plan", WILL, 0), WORD("planning", WILL, 0), WORD("plans", WILL, 0), WORD("pm", MERIDIEM, 12),
    WORD("previous", LAST, -1), WORD("ran", WAS, 0), WORD("read", WAS, 0), WORD("recently", RECENT, 0),
    WORD("rode", WAS, 0), WORD("said", WAS, 0), WORD("sang", WAS, 0), NAME("sat", WEEKDAY_SHORT, 5),
    WORD("sat", WAS, 0), WORD("saturday", WEEKDAY, 5), WORD("saturdays", WEEKDAYS, 5), WORD("saw", WAS, 0),
    WORD("scheduled", WILL, 0), WORD("second", ORDINAL_WORD, 2), WORD("sent", WAS, 0), WORD("sep", MONTH, 9),
    WORD("sept", MONTH, 9), NAME("september", MONTH_ALONE, 9), WORD("september", MONTH, 9), WORD("seven", NUMBER, 7),
    WORD("seventeen", NUMBER, 17), WORD("seventeenth", ORDINAL_WORD, 17), WORD("seventh", ORDINAL_WORD, 7),
    WORD("seventy", NUMBER, 70), WORD("seventy", TENS, 70), WORD("several", FEW, 307), WORD("shall", WILL, 0),
    WORD("she", JOINT, 0), WORD("since", SINCE, 0), WORD("six", NUMBER, 6), WORD("sixteen", NUMBER, 16),
    WORD("sixteenth", ORDINAL_WORD, 16), WORD("sixth", ORDINAL_WORD, 6), WORD("sixty", NUMBER, 60),
    WORD("sixty", TENS, 60), WORD("slept", WAS, 0), WORD("so", SO, 0), WORD("so", JOINT, 0), WORD("sold", WAS, 0),
    WORD("soon", WILL, 0), WORD("spent", WAS, 0), WORD("spoke", WAS, 0), WORD("spring", SEASON, 3),
    WORD("springtime", SEASON, 3), WORD("start", EDGE_NOUN, EPI__EDGE_EARLY), WORD("stood", WAS, 0),
    WORD("summer", SEASON, 6), WORD("summertime", SEASON, 6), NAME("sun", WEEKDAY_SHORT, 6),
    WORD("sunday", WEEKDAY, 6), WORD("sundays", WEEKDAYS, 6), WORD("swam", WAS, 0), WORD("taught", WAS, 0),
    WORD("ten", NUMBER, 10), WORD("tenth", ORDINAL_WORD, 10), WORD("that", JOINT, 0), WORD("the", THE, 0),
    WORD("the", JOINT, 0), WORD("their", JOINT, 0), WORD("they", JOINT, 0), WORD("third", ORDINAL_WORD, 3),
    WORD("thirteen", NUMBER, 13), WORD("thirteenth", ORDINAL_WORD, 13), WORD("thirtieth", ORDINAL_WORD, 30),
    WORD("thirty", TENS, 30), WORD("thirty", NUMBER, 30), WORD("this", JOINT, 0), WORD("this", THIS, 0),
    WORD("thought", WAS, 0), WORD("three", NUMBER, 3), WORD("threw", WAS, 0), WORD("throughout", OVER, 0),
    WORD("thu", WEEKDAY_SHORT, 3), WORD("thur", WEEKDAY_SHORT, 3), WORD("thurs", WEEKDAY_SHORT, 3),
    WORD("thursday", WEEKDAY, 3), WORD("thursdays", WEEKDAYS, 3), WORD("till", UNTIL, 0), WORD("tmrw", DAY_WORD, 1),
    WORD("to", JOINT, 0), WORD("today", NOW, 0), WORD("today", DAY_WORD, 0), WORD("told", WAS, 0),
    WORD("tomorrow", WILL, 0), WORD("tomorrow", DAY_WORD, 1), WORD("tonight", NIGHT_WORD, 0),
    WORD("tonite", NIGHT_WORD, 0), WORD("took", WAS, 0), WORD("tue", WEEKDAY_SHORT, 1), WORD("tues", WEEKDAY_SHORT, 1),
    WORD("tuesday", WEEKDAY, 1), WORD("tuesdays", WEEKDAYS, 1), WORD("twelfth", ORDINAL_WORD, 12),
    WORD("twelve", NUMBER, 12), WORD("twentieth", ORDINAL_WORD, 20), WORD("twenty", TENS, 20),
    WORD("twenty", NUMBER, 20), WORD("two", NUMBER, 2), WORD("until", UNTIL, 0), WORD("upcoming", COMING, 1),
    WORD("wanna", WILL, 0), WORD("was", WAS, 0), WORD("was", JOINT, 0), WORD("wasn", WAS, 0), WORD("we", JOINT, 0),
    NAME("wed", WEEKDAY_SHORT, 2), WORD("wednesday", WEEKDAY, 2), WORD("wednesdays", WEEKDAYS, 2),
    WORD("weds", WEEKDAY_SHORT, 2), WORD("week", UNIT, EPI__UNIT_WEEK), WORD("weekend", UNIT, EPI__UNIT_WEEKEND),
    WORD("weekends", UNITS, EPI__UNIT_WEEKEND), WORD("weeks", UNITS, EPI__UNIT_WEEK), WORD("went", WAS, 0),
    WORD("were", JOINT, 0), WORD("were", WAS, 0), WORD("weren", WAS, 0), WORD("when", JOINT, 0),
    WORD("where", JOINT, 0), WORD("which", JOINT, 0), WORD("will", JOINT, 0), WORD("will", WILL, 0),
    WORD("winter", SEASON, 12), WORD("wintertime", SEASON, 12), WORD("with", JOINT, 0), WORD("woke", WAS, 0),
    WORD("won", WAS, 0), WORD("wore", WAS, 0), WORD("wrote", WAS, 0), WORD("year", UNIT, EPI__UNIT_YEAR),
    WORD("years", UNITS, EPI__UNIT_YEAR), WORD("yesterday", DAY_WORD, -1), WORD("you", JOINT, 0),
};

#define IS(class) EPI__DATE_BIT(class)
#define OPT(class) (IS(class) | EPI__DATE_OPTIONAL)
#define MAYBE(set) ((set) | EPI__DATE_OPTIONAL)
#define RULE(meaning, value, rank, ...) {EPI__MEANS_##meaning, value, EPI__RANK_##rank, {__VA_ARGS__}}

#define ANY_UNIT (IS(UNIT) | IS(UNITS) | IS(SHORT_UNIT))
#define ANY_WEEKDAY (IS(WEEKDAY) | IS(WEEKDAY_SHORT))
#define ANY_MONTH (IS(MONTH) | IS(MONTH_LOWER))
#define SHIFT (IS(LAST) | IS(THIS) | IS(NEXT))
#define LEAD MAYBE(ANY_WEEKDAY), OPT(COMMA), OPT(THE) /* "Sunday, the" */

static const epi__date_rule rules[] = {
    /* days and their parts */
    RULE(DAY, 0, PLAIN, MAYBE(IS(EARLIER) | IS(LATER) | IS(EDGE)), IS(DAY_WORD)),
    RULE(DAY, 0, PLAIN, MAYBE(IS(LATER) | IS(EARLIER)), IS(NIGHT_WORD)),
    RULE(DAY, -1, PLAIN, OPT(THE), IS(UNIT), IS(BEFORE), IS(DAY_WORD)),
    RULE(DAY, 1, PLAIN, OPT(THE), IS(UNIT), IS(AFTER), IS(DAY_WORD)),
    RULE(PART, 0, PLAIN, MAYBE(IS(EARLIER) | IS(LATER) | IS(EDGE)), IS(THIS) | IS(LAST), IS(PART)),
    RULE(PART, -1, PLAIN, IS(THE), IS(PART), IS(BEFORE), IS(LAST)),

    /* weeks, weekends, months, years, decades */
    RULE(BESIDE, 1, PLAIN, IS(THE), IS(NEXT), IS(UNIT)),
    RULE(UNIT, 0, PLAIN, OPT(THE), SHIFT, IS(UNIT)),
    RULE(UNIT, 0, PLAIN, MAYBE(IS(THIS) | IS(THE)), IS(COMING), IS(UNIT)),
    RULE(UNIT, 0, PLAIN, IS(EDGE), OPT(HYPHEN), SHIFT, IS(UNIT)),
    RULE(UNIT, 0, PLAIN, OPT(THE), IS(EDGE_NOUN), IS(OF), SHIFT, IS(UNIT)),
    RULE(UNIT, 0, PLAIN, OPT(THE), IS(EDGE_NOUN), IS(OF), IS(THE), IS(UNIT)),
    RULE(UNIT, -1, PLAIN, OPT(THE), IS(UNIT), IS(BEFORE), IS(LAST)),
    RULE(UNIT, 1, PLAIN, OPT(THE), IS(UNIT), IS(AFTER), IS(NEXT)),
    RULE(UNIT_SO_FAR, 0, PLAIN, IS(EARLIER), IS(THIS), IS(UNIT)),
    RULE(UNIT_REST, 0, PLAIN, IS(LATER), IS(THIS), IS(UNIT)),
    RULE(ROLLING, 0, PLAIN, MAYBE(IS(THIS) | IS(THE)), IS(PAST), IS(UNIT)),
    RULE(WEEKEND, 0, PLAIN, MAYBE(IS(OVER) | IS(ON) | IS(AT)), IS(THE), IS(UNIT)),

    /* so many units away */
    RULE(AGO, 0, PLAIN, IS(NUMBER) | IS(ARTICLE), ANY_UNIT, IS(AGO)),
    RULE(AGO, 0, PLAIN, OPT(ARTICLE), IS(FEW), OPT(OF), ANY_UNIT, IS(AGO)),
    RULE(AGO, 0, PLAIN, IS(TENS), OPT(HYPHEN), IS(NUMBER), ANY_UNIT, IS(AGO)),
    RULE(AGO, 0, PLAIN, IS(NUMBER) | IS(ARTICLE), ANY_UNIT, IS(OR), IS(SO) | IS(NUMBER), IS(AGO)),
    RULE(AGO, 0, PLAIN, IS(NUMBER), IS(OR), IS(NUMBER), ANY_UNIT, IS(AGO)),
    RULE(AGO, 0, PLAIN, IS(NUMBER), IS(AND), IS(ARTICLE), IS(HALF), ANY_UNIT, IS(AGO)),
    RULE(AHEAD, 0, PLAIN, IS(IN), IS(NUMBER), ANY_UNIT),
    RULE(AHEAD, 0, PLAIN, IS(IN), IS(ARTICLE), IS(UNIT)),
    RULE(AHEAD, 0, PLAIN, IS(IN), OPT(ARTICLE), IS(FEW), OPT(OF), ANY_UNIT),
    RULE(AHEAD, 0, PLAIN, IS(NUMBER) | IS(ARTICLE), ANY_UNIT, IS(FROM), IS(NOW)),
    RULE(AHEAD, 0, PLAIN, OPT(ARTICLE), IS(FEW), OPT(OF), ANY_UNIT, IS(FROM), IS(NOW)),
    RULE(BESIDE, -1, PLAIN, IS(THE), IS(UNIT) | IS(PART), IS(BEFORE)),
    RULE(BESIDE, 1, PLAIN, IS(THE), IS(UNIT), IS(AFTER)),
    RULE(OTHER, 0, VAGUE, IS(THE), IS(OTHER), IS(UNIT) | IS(PART)),
    RULE(RECENT, 0, VAGUE, IS(RECENT)),

    /* weekdays */
    RULE(WEEKDAY, 0, PLAIN, OPT(ON), IS(WEEKDAY)),
    RULE(WEEKDAY, 0, PLAIN, IS(ON), IS(WEEKDAY_SHORT)),
    RULE(WEEKDAY_OF, 0, PLAIN, OPT(ON), SHIFT, ANY_WEEKDAY),
    RULE(WEEKDAY_OF, 0, PLAIN, MAYBE(IS(THIS) | IS(THE)), IS(PAST) | IS(COMING), ANY_WEEKDAY),
    RULE(WEEKDAY_OF, 7, PLAIN, OPT(ON), ANY_WEEKDAY, OPT(OF), SHIFT, IS(UNIT)),
    RULE(WEEKDAY_OF, 7, PLAIN, SHIFT, IS(UNIT), OPT(ON), ANY_WEEKDAY),
    RULE(WEEKDAYS_AGO, 0, PLAIN, OPT(ARTICLE), IS(NUMBER) | IS(FEW), OPT(OF), IS(WEEKDAYS), IS(AGO)),

    /* dates */
    RULE(DATE, 0, PLAIN, OPT(ON), LEAD, IS(MONTH), OPT(PERIOD), IS(DAY) | IS(ORDINAL), OPT(COMMA), IS(YEAR)),
    RULE(DATE, 0, PLAIN, OPT(ON), LEAD, IS(MONTH), OPT(PERIOD), IS(DAY) | IS(ORDINAL)),
    RULE(DATE, 0, PLAIN, OPT(ON), MAYBE(ANY_WEEKDAY), OPT(COMMA), IS(MONTH), IS(THE), IS(ORDINAL) | IS(ORDINAL_WORD)),
    RULE(DATE, 0, PLAIN, OPT(ON), LEAD, IS(DAY), IS(MONTH), OPT(PERIOD), OPT(COMMA), IS(YEAR)),
    RULE(DATE, 0, PLAIN, OPT(ON), LEAD, IS(DAY), OPT(OF), IS(MONTH)),
    RULE(DATE, 0, PLAIN, OPT(ON), LEAD, IS(ORDINAL), OPT(OF), ANY_MONTH, OPT(PERIOD), OPT(COMMA), IS(YEAR)),
    RULE(DATE, 0, PLAIN, OPT(ON), LEAD, IS(ORDINAL), OPT(OF), ANY_MONTH, SHIFT, IS(UNIT)),
    RULE(DATE, 0, PLAIN, OPT(ON), LEAD, IS(ORDINAL), OPT(OF), ANY_MONTH),
    RULE(DATE, 0, PLAIN, OPT(ON), IS(THE), IS(ORDINAL_WORD), IS(OF), ANY_MONTH, OPT(COMMA), MAYBE(IS(YEAR))),
    RULE(DATE, 0, PLAIN, OPT(ON), LEAD, IS(MONTH), IS(DAY) | IS(ORDINAL), OPT(OF), SHIFT, IS(UNIT)),
    RULE(DAY_OF_MONTH, 0, PLAIN, IS(ON) | ANY_WEEKDAY, OPT(COMMA), IS(THE), IS(ORDINAL)),
    RULE(DAY_OF_MONTH, 0, BOUND, IS(SINCE) | IS(UNTIL), IS(THE), IS(ORDINAL)),
    RULE(DAY_OF_MONTH, 0, PLAIN, OPT(ON), IS(THE), IS(ORDINAL), IS(OF), SHIFT, IS(UNIT)),
    RULE(GIVEN, 0, PLAIN, MAYBE(IS(ON)), IS(NUMERIC)),
    RULE(NTH, 0, PLAIN, OPT(ON), OPT(THE), IS(ORDINAL) | IS(ORDINAL_WORD), IS(UNIT) | IS(WEEKDAY), IS(OF), ANY_MONTH,
         OPT(YEAR)),

    /* months */
    RULE(MONTH, 0, PLAIN, IS(MONTH_ALONE)),
    RULE(MONTH, 0, PLAIN, IS(IN) | IS(OVER), ANY_MONTH),
    RULE(MONTH, 0, BOUND, IS(SINCE) | IS(UNTIL), OPT(EDGE), OPT(HYPHEN), IS(MONTH)),
    RULE(MONTH, 0, PLAIN, OPT(IN), OPT(EDGE), OPT(HYPHEN), IS(MONTH), OPT(PERIOD), MAYBE(IS(OF) | IS(COMMA)), IS(YEAR)),
    RULE(MONTH, 0, PLAIN, IS(IN), ANY_MONTH, OPT(OF), IS(YEAR)),
    RULE(MONTH, 0, PLAIN, OPT(IN), OPT(EDGE), OPT(HYPHEN), IS(MONTH), OPT(OF), SHIFT, IS(UNIT)),
    RULE(MONTH, 0, PLAIN, OPT(IN), IS(EDGE), OPT(HYPHEN), IS(MONTH)),
    RULE(MONTH, 0, PLAIN, OPT(IN), IS(EDGE), IS(HYPHEN), IS(MONTH_LOWER)),
    RULE(MONTH, 0, PLAIN, OPT(THE), IS(EDGE_NOUN), IS(OF), ANY_MONTH, OPT(YEAR)),
    RULE(MONTH, 0, PLAIN, IS(LAST) | IS(NEXT), ANY_MONTH),
    RULE(MONTH, 0, PLAIN, IS(THIS), IS(MONTH)),
    RULE(MONTH, 0, PLAIN, MAYBE(IS(THIS) | IS(THE)), IS(PAST) | IS(COMING), IS(MONTH)),

    /* seasons */
    RULE(SEASON, 0, PLAIN, OPT(EDGE), SHIFT, IS(SEASON)),
    RULE(SEASON, 0, PLAIN, MAYBE(IS(THIS) | IS(THE)), IS(PAST) | IS(COMING), IS(SEASON)),
    RULE(SEASON, 0, PLAIN, IS(IN) | IS(OVER), OPT(THE), OPT(EDGE), OPT(HYPHEN), IS(SEASON)),
    RULE(SEASON, 0, PLAIN, IS(EDGE), OPT(HYPHEN), IS(SEASON)),
    RULE(SEASON, 0, PLAIN, OPT(THE), IS(EDGE_NOUN), IS(OF), MAYBE(IS(THE) | SHIFT), IS(SEASON)),
    RULE(SEASON, 0, PLAIN, MAYBE(IS(IN) | IS(OVER)), OPT(THE), OPT(EDGE), OPT(HYPHEN), IS(SEASON),
         MAYBE(IS(OF) | IS(COMMA)), IS(YEAR)),
    RULE(SEASON, 0, PLAIN, MAYBE(IS(IN) | IS(OVER)), OPT(THE), IS(SEASON), OPT(OF), SHIFT, IS(UNIT)),

    /* years and decades */
    RULE(YEAR, 0, PLAIN, IS(IN) | IS(OVER), IS(YEAR)),
    RULE(YEAR, 0, BOUND, IS(SINCE) | IS(UNTIL) | IS(FROM), OPT(EDGE), OPT(HYPHEN), IS(YEAR)),
    RULE(YEAR, 0, PLAIN, OPT(IN), IS(EDGE), OPT(HYPHEN), IS(YEAR)),
    RULE(YEAR, 0, PLAIN, OPT(THE), IS(EDGE_NOUN), IS(OF), IS(YEAR)),
    RULE(YEAR, 0, PLAIN, OPT(IN), IS(THE), IS(UNIT), IS(YEAR)),
    RULE(DECADE, 0, PLAIN, OPT(IN), OPT(THE), OPT(EDGE), OPT(HYPHEN), IS(DECADE)),
    RULE(DECADE, 0, PLAIN, OPT(IN), IS(THE), OPT(EDGE), OPT(HYPHEN), IS(DECADE_SHORT)),
};
/* clang-format on */

const epi__date_language epi__date_english = {
    .words = words,
    .word_count = EPI__COUNT(words),
    .rules = rules,
    .rule_count = EPI__COUNT(rules),
    .ordinal_endings = "st nd rd th",
    .past_ending = "ed",
    .month_first = false,
};
