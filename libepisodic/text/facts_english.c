/* facts_english.c - what is said of oneself in English: the rules, and the words that keep them from firing wrongly. */
#include "facts.h"

#define STILL "?now|currently|still|actually|also|both|just"

static const epi__fact_rule rules[] = {
    {"i|we " STILL " live in", "lives in", EPI__FACT_NAME, false},
    {"i|we 'm|'re|am|are " STILL " living in", "lives in", EPI__FACT_NAME, false},
    {"i|we ?'ve|have ?just|recently|finally|actually moved ?back|over|down|up to", "lives in", EPI__FACT_NAME, true},
    {"i " STILL " work at|for", "works at", EPI__FACT_NAME, false},
    {"i 'm|am " STILL " working at|for", "works at", EPI__FACT_NAME, false},
    {"i ?just|recently|finally started working at|for", "works at", EPI__FACT_NAME, true},
    {"i " STILL " work as a|an", "works as", EPI__FACT_PHRASE, false},
    {"i 'm|am " STILL " working as a|an", "works as", EPI__FACT_PHRASE, false},
    {"i ?just|recently|finally started working as a|an", "works as", EPI__FACT_PHRASE, true},
    {"my favorite|favourite @ is ?definitely|still|currently|always", "favourite @", EPI__FACT_PHRASE, false},
    {"my name is|'s", "name", EPI__FACT_NAME, false},
    {"my|our ?new|little|old|dear|sweet|own @ 's name is", "@ name", EPI__FACT_NAME, false},
    {"my|our ?new|little|old|dear|sweet|own @ is|'s called|named", "@ name", EPI__FACT_NAME, false},
};

const epi__fact_language epi__facts_english = {
    .rules = rules,
    .rule_count = EPI__COUNT(rules),
    .first = " i we my our ",
    .leads = " actually also and anyway as because btw but fyi hello hey hi now oh ok okay since so "
             "well yeah yep yes ",
    .vetoes = " 'd 't almost anymore asked believe could dream dreamed dreaming dreamt hypothetically if "
              "imagine joking kidding lie lied longer lyrics maybe might nearly neither never no nor "
              "not perhaps pretend pretended quote said say saying says story suppose supposed thought "
              "told unless used whether wish wished would ",
    .connectors = " da das de del della der di do dos du la le les of the upon van von ",
    .joints = " & and or plus ",
    .within = " a and at for from in on the to with ",
    .articles = " a an the ",
    .subjects = " he i it my our she that they this we you ",
    .ends = " a about after all along already although always an and around as at because before both "
            "but by close cuz during especially even ever for from full-time haha here however i if "
            "in instead it just known last like lol my near next now on or out outside part-time plus "
            "really right she since so still that then these they this though to today together too "
            "until we when where which while who whose with without y'all yesterday yet you ",
    .vague = " a bit definitely did doing done everything getting going got having he her here his how "
             "i is it its just like me memories memory moment moments my not nothing of one ones our "
             "part parts people probably seeing she so some someone something still such that their "
             "them then there these they thing things this those time times to too us usually very was "
             "way ways we what when where which who why with you your ",
    .shortened = " dr ft jr mr mrs ms mt st ",
};
