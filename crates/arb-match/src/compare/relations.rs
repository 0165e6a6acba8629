//! The relation of two propositions from the relations of their terms.

use arb_normalize::Relation;

use super::amounts::amounts;
use super::editions::editions;
use super::residue::{Group, Residue};
use super::windows::fine;
use super::{Findings, names, narrowed};
use crate::amount::Amount;
use crate::grammar::SUPERLATIVES;
use crate::judgement::DifferenceKind;
use crate::lexicon::{Kind, implies};
use crate::reading::Reading;
use crate::statement::{Atom, Statement};
use crate::table::group;

/// The relation of two conjunctions from the relations of their terms.
pub(super) fn meet(a: Relation, b: Relation) -> Relation {
    use Relation::{Complement, Disjoint, Equal, Overlap, Unrelated};
    match (a, b) {
        (Unrelated, _) | (_, Unrelated) => Unrelated,
        (Disjoint, _) | (_, Disjoint) => Disjoint,
        (Equal, other) | (other, Equal) => other,
        (Complement, _) | (_, Complement) => {
            if a == b {
                Equal
            } else {
                Overlap
            }
        }
        (a, b) if a == b => a,
        _ => Overlap,
    }
}

/// The relation of two propositions from that of what they affirm, where one of them or both deny it.
pub(super) const fn denied(relation: Relation, kalshi: bool, polymarket: bool) -> Relation {
    use Relation::{Complement, Disjoint, Equal, Overlap, Subset, Superset, Unrelated};
    match (relation, kalshi, polymarket) {
        (Unrelated, ..) => Unrelated,
        (relation, false, false) => relation,
        (Equal | Complement, true, true) => relation,
        (Equal, ..) => Complement,
        (Complement, ..) => Equal,
        // Whoever does not come by June may come by July.
        (Subset, true, true) | (Disjoint, true, false) => Superset,
        (Superset, true, true) | (Disjoint, false, true) => Subset,
        (Subset, false, true) | (Superset, true, false) => Disjoint,
        (Subset | Superset | Disjoint | Overlap, ..) => Overlap,
    }
}

/// How far in the same competition each side asks for: winning implies having come that far, and the final implies the semi-final.
pub(super) fn progression(
    sk: &Statement,
    sp: &Statement,
    rk: &Residue,
    rp: &Residue,
    conflicts: &[Group],
) -> Option<Relation> {
    let allowed = [Group::Contest, Group::Act, Group::Degree];
    if !conflicts.iter().all(|group| allowed.contains(group)) {
        return None;
    }
    let contests = |s: &Statement| -> Vec<String> {
        let of = s.atoms.iter().filter(|a| a.kind == Kind::Competition);
        of.map(|a| a.id.clone()).collect()
    };
    let (a, b) = (contests(sk), contests(sp));
    let won = |s: &Statement| s.has(Kind::Verb, "win") && !s.has(Kind::Verb, "reach");
    if won(sk) && won(sp) && !a.is_empty() && !b.is_empty() {
        let over = |x: &[String], y: &[String]| x.iter().any(|x| y.iter().any(|y| implies(x, y)));
        if over(&a, &b) {
            return Some(Relation::Subset);
        }
        if over(&b, &a) {
            return Some(Relation::Superset);
        }
    }
    let other = |r: &Residue| {
        let words = |a: &Atom| Group::of(a.kind) == Group::Wording;
        let counts = |a: &Atom| !allowed.contains(&Group::of(a.kind)) && !words(a);
        r.atoms.iter().any(|(a, w)| *w >= 0.5 && counts(a))
    };
    // The winner is among the top ten; the winner of a division or of the title was in the playoffs.
    let placed = |s: &Statement| {
        let top = s.atoms.iter().any(|a| a.kind == Kind::Word && a.id == "top");
        top && !s.amounts.is_empty() || s.has(Kind::Verb, "reach") && s.has(Kind::Stage, "playoffs")
    };
    let entered = |s: &Statement| {
        won(s) && s.amounts.is_empty() && !s.has(Kind::Rank, "top") && depth(s) == Some(0)
    };
    if !other(rk) && !other(rp) {
        // Whoever wins an award was nominated for it.
        let nominated = |s: &Statement| {
            s.has(Kind::Verb, "nominate")
                && s.atoms
                    .iter()
                    .any(|a| matches!(a.kind, Kind::Competition | Kind::Office | Kind::District))
        };
        let primary = |s: &Statement| s.has(Kind::Stage, "primary");
        if won(sp) && nominated(sk) && !nominated(sp) && !primary(sp) {
            return Some(Relation::Superset);
        }
        if won(sk) && nominated(sp) && !nominated(sk) && !primary(sk) {
            return Some(Relation::Subset);
        }
        if entered(sk) && placed(sp) && !won(sp) {
            return Some(Relation::Subset);
        }
        if entered(sp) && placed(sk) && !won(sk) {
            return Some(Relation::Superset);
        }
    }
    // Winning so many games is no win of what they are played for.
    let games = |s: &Statement| won(s) && !s.amounts.is_empty() && !s.has_kind(Kind::Competition);
    if games(sk) || games(sp) {
        return None;
    }
    if let Some(relation) = entailed(rk, rp, conflicts) {
        return Some(relation);
    }
    // Taking part in a round is having reached it.
    let other = |s: &Statement, r: &Residue| {
        let part = |a: &Atom| reaches(s) && Group::of(a.kind) == Group::Wording && r.total() < 4.0;
        let counts = |a: &Atom| !allowed.contains(&Group::of(a.kind)) && !part(a);
        r.atoms.iter().any(|(a, w)| *w >= 0.5 && counts(a))
    };
    if !same_contest(sk, sp, &a, &b) || other(sk, rk) || other(sp, rp) {
        return None;
    }
    let (x, y) = (depth(sk)?, depth(sp)?);
    match x.cmp(&y) {
        std::cmp::Ordering::Less => Some(Relation::Subset),
        std::cmp::Ordering::Greater => Some(Relation::Superset),
        std::cmp::Ordering::Equal => None,
    }
}

/// Whether both are about one contest: a competition of the tables, or a name or office behind both predicates.
fn same_contest(sk: &Statement, sp: &Statement, a: &[String], b: &[String]) -> bool {
    let takes_part = |s: &Statement| {
        s.atoms.iter().find(|a| group("taking_part").contains(&a.id.as_str())).map(|a| a.at)
    };
    let behind =
        |s: &Statement, atom: &Atom| s.verb_at.or(takes_part(s)).is_some_and(|verb| atom.at > verb);
    let contest = |atom: &&Atom| matches!(atom.kind, Kind::Name | Kind::Office);
    let mut named = sk.atoms.iter().filter(contest).filter(|atom| behind(sk, atom));
    let both =
        |x: &Atom| sp.atoms.iter().any(|y| y.kind == x.kind && y.id == x.id && behind(sp, y));
    a == b && (!a.is_empty() || named.any(both))
}

/// What one predicate or degree implies of another, where nothing else is left over: whoever is convicted was charged.
fn entailed(rk: &Residue, rp: &Residue, conflicts: &[Group]) -> Option<Relation> {
    let [group @ (Group::Act | Group::Degree)] = conflicts else { return None };
    // Which body does it, and how far it goes, may be said on one side.
    let how_far = |a: &Atom| *group == Group::Act && Group::of(a.kind) == Group::Degree;
    let other =
        |a: &Atom| Group::of(a.kind) != Group::Office && Group::of(a.kind) != *group && !how_far(a);
    let rest = |r: &Residue| r.atoms.iter().any(|(a, w)| *w >= 1.0 && other(a));
    if rest(rk) || rest(rp) {
        return None;
    }
    let over = |x: &Residue, y: &Residue| {
        let y = y.of_group(*group);
        x.of_group(*group).iter().all(|a| y.iter().any(|b| implies(&a.id, &b.id)))
    };
    match (over(rk, rp), over(rp, rk)) {
        (true, false) => Some(Relation::Subset),
        (false, true) => Some(Relation::Superset),
        _ => None,
    }
}

/// Whether one side comes second (or lower) where the other one wins.
pub(super) fn lower_place(k: &Reading, p: &Reading) -> bool {
    // "By three points over the second-placed candidate" is a win.
    let margin = |r: &Reading| {
        let sized = |a: &Amount| a.compared && matches!(a.unit.as_str(), "%" | "point" | "vot");
        r.has(Kind::Verb, "win") && r.statements().flat_map(|s| &s.amounts).any(sized)
    };
    let lower =
        |r: &Reading| !margin(r) && group("lower_rank").iter().any(|id| r.has(Kind::Rank, id));
    let first = |r: &Reading| {
        let top =
            ["top", "top_votes", "most_seats", "first"].iter().any(|id| r.has(Kind::Rank, id));
        let superlative = ["largest", "biggest", "highest", "best", "most"];
        top || r.has(Kind::Verb, "win") || superlative.iter().any(|word| r.has_stem(word))
    };
    (lower(k) && !lower(p) && first(p)) || (lower(p) && !lower(k) && first(k))
}

/// Whether one side wins something inside the contest the other wins: pole position at a Grand Prix, a stage of a tour.
pub(super) fn another_prize(sk: &Statement, sp: &Statement, rk: &Residue, rp: &Residue) -> bool {
    let inside = |s: &Statement, r: &Residue, other: &Residue| {
        let Some(verb) = s.verb_at.filter(|_| s.has(Kind::Verb, "win")) else { return false };
        let open = |a: &Atom| r.atoms.iter().any(|(b, w)| *w >= 0.5 && b.at == a.at);
        let mut behind = s.atoms.iter().filter(|a| a.at > verb);
        let first = behind.next();
        first.is_some_and(|a| {
            let prize = matches!(Group::of(a.kind), Group::Wording | Group::Who) && open(a);
            prize && behind.any(|b| !open(b) && matches!(b.kind, Kind::Competition | Kind::Name))
        }) && other.atoms.iter().all(|(_, w)| *w < 0.5)
    };
    inside(sk, rk, rp) || inside(sp, rp, rk)
}

/// The relation with what the terms make of it that only one side has.
pub(super) fn narrowed_by_words(
    relation: Relation,
    found: &Findings,
    statistic: bool,
    progress: bool,
) -> Relation {
    let other = |terms: &[&str]| narrowed(found, terms);
    let implied = matches!(relation, Relation::Equal | Relation::Subset | Relation::Superset);
    if implied && superlative(found) {
        return Relation::Overlap;
    }
    match relation {
        // The second estimate of a statistic is another number than the first.
        Relation::Equal if statistic && other(&["rank"]) => Relation::Overlap,
        Relation::Equal => unequal(found),
        Relation::Complement if other(&["measure", "competition", "category", "subject"]) => {
            Relation::Overlap
        }
        // Two thresholds exclude each other only in one statistic.
        Relation::Disjoint if other(&["measure"]) => Relation::Overlap,
        // A longer window or a wider range of a narrower event.
        Relation::Subset | Relation::Superset
            if !progress && !found.either && crossing(found, relation) =>
        {
            Relation::Overlap
        }
        _ => relation,
    }
}

/// Whether only one side asks who or what is best: another question than how good it is.
fn superlative(found: &Findings) -> bool {
    let missing = found.differences.iter().filter(|d| d.kind == DifferenceKind::Missing);
    let mut wordings = missing.filter(|d| d.term == "wording");
    wordings.any(|d| {
        SUPERLATIVES.contains(&d.kalshi.as_str()) || SUPERLATIVES.contains(&d.polymarket.as_str())
    })
}

/// Whether the wider side says more of who, where or in what than the narrower one. Whose administration or which parliament it is, one
/// of two deadlines may say and the other leave out.
fn crossing(found: &Findings, relation: Relation) -> bool {
    let what = ["measure", "competition", "category", "place", "team", "district", "party"];
    let who = ["subject", "organisation", "office"];
    let deadlines = found
        .differences
        .iter()
        .any(|d| d.term == "window" && d.kind == DifferenceKind::Contradiction);
    let tells = |term: &str| what.contains(&term) || !deadlines && who.contains(&term);
    let mut missing = found.differences.iter().filter(|d| d.kind == DifferenceKind::Missing);
    missing.any(|d| {
        let wider = if relation == Relation::Subset { &d.polymarket } else { &d.kalshi };
        tells(&d.term) && !wider.is_empty()
    })
}

/// What the terms that only one side has make of an equality: a word more narrows, another statistic or another name crosses.
fn unequal(found: &Findings) -> Relation {
    let missing = || found.differences.iter().filter(|d| d.kind == DifferenceKind::Missing);
    let on = |terms: &[&str], kalshi: bool| {
        missing().any(|d| {
            let (mine, other) =
                if kalshi { (&d.kalshi, &d.polymarket) } else { (&d.polymarket, &d.kalshi) };
            terms.contains(&d.term.as_str()) && !mine.is_empty() && other.is_empty()
        })
    };
    let crossing = ["measure", "competition", "category", "subject"];
    if on(&crossing, true) || on(&crossing, false) {
        return Relation::Overlap;
    }
    let narrowing = ["wording", "predicate"];
    match (on(&narrowing, true), on(&narrowing, false)) {
        (true, true) => Relation::Overlap,
        (true, false) => Relation::Subset,
        (false, true) => Relation::Superset,
        (false, false) => Relation::Equal,
    }
}

/// Whether it asks how far somebody comes: `reach the final`, `play in the final`.
fn reaches(s: &Statement) -> bool {
    s.has(Kind::Verb, "reach")
        || !s.has(Kind::Verb, "win")
            && s.atoms.iter().any(|a| a.kind == Kind::Stage)
            && s.atoms
                .iter()
                .any(|a| a.kind == Kind::Word && group("taking_part").contains(&a.id.as_str()))
}

/// 0 for winning, 1 for reaching the final, and so on.
pub(super) fn depth(s: &Statement) -> Option<u8> {
    let stage = |id: &str| s.has(Kind::Stage, id);
    if reaches(s) {
        let at = group("how_far").iter().position(|id| stage(id))?;
        return u8::try_from(at + 1).ok();
    }
    (s.has(Kind::Verb, "win") && !group("before_the_last").iter().any(|id| stage(id))).then_some(0)
}

/// The relation, given what neither side explains of the other: much left over is another proposition about the same things.
pub(super) fn leftovers(
    k: &Reading,
    p: &Reading,
    rk: &Residue,
    rp: &Residue,
    found: &Findings,
) -> Relation {
    // "At any time" only says what a window says.
    let ever = |a: &Atom| a.kind == Kind::Observation && a.id == "any_time";
    let critical = |r: &Residue| {
        let counts = |a: &Atom| Group::of(a.kind) != Group::Wording && !ever(a);
        r.atoms.iter().filter(|(a, w)| *w >= 0.5 && counts(a)).count()
    };
    let words = |r: &Residue| r.of_group(Group::Wording).len();
    let acts =
        |r: &Residue| !r.of_group(Group::Act).is_empty() || !r.of_group(Group::Contest).is_empty();
    let relation = found.relation.unwrap_or(Relation::Equal);
    let (a, b) = (critical(rk), critical(rp));
    // "Pardons, commutes or reprieves": however many ways more, they are ways to the same.
    let ways = |mine: &Reading, r: &Residue| {
        let way =
            |a: &Atom| a.kind == Kind::Verb && mine.statements().any(|s| s.or.contains(&a.at));
        !r.atoms.is_empty() && r.atoms.iter().all(|(a, w)| *w < 0.5 || way(a))
    };
    let more_ways = ways(k, rk) && rp.atoms.is_empty() || ways(p, rp) && rk.atoms.is_empty();
    // A win and a draw of one game.
    let result = |r: &Residue| {
        let outcome = |a: &Atom| a.kind == Kind::Outcome || a.kind == Kind::Verb && a.id == "win";
        r.atoms.iter().all(|(a, w)| *w < 0.5 || outcome(a))
    };
    let one_game = result(rk) && result(rp) && fine(k) && fine(p);
    if relation == Relation::Disjoint && (a == 0 || b == 0 || one_game)
        || found.restricted
        || more_ways
    {
        return relation;
    }
    let contest =
        !(rk.of_group(Group::Contest).is_empty() && rp.of_group(Group::Contest).is_empty());
    let apart = (a > 0 && b > 0)
        || a.max(b) > 1
        // A predicate no table knows is left over as a word.
        || (acts(rk) && words(rp) > 0)
        || (acts(rp) && words(rk) > 0)
        || (contest && fine(k) != fine(p))
        || (a + b > 0 && words(rk) + words(rp) > 2)
        || words(rk) + words(rp) > 5
        || (relation == Relation::Equal && rk.total() + rp.total() > 0.5 && found.missing() > 4);
    if !apart {
        return relation;
    }
    if shares(k, p) { Relation::Overlap } else { Relation::Unrelated }
}

/// Whether both speak of the same person, place, team or competition.
pub(super) fn shares(k: &Reading, p: &Reading) -> bool {
    let telling =
        |a: &&Atom| matches!(Group::of(a.kind), Group::Who | Group::Place | Group::Contest);
    k.statements().flat_map(|s| &s.atoms).filter(telling).any(|a| p.explains(a) >= 0.9)
}

/// Another outcome of the same event, or another event.
pub(super) fn other_outcome(
    k: &Reading,
    p: &Reading,
    (sk, rk): (&Statement, &Residue),
    (sp, rp): (&Statement, &Residue),
    conflicts: &[Group],
    found: &mut Findings,
) -> Relation {
    let shares = shares(k, p);
    let only_who = conflicts.iter().all(|g| matches!(g, Group::Who | Group::Place));
    let mut inner = Findings::default();
    amounts(k, p, &mut inner);
    editions(k, p, true, &mut inner);
    let same_event = only_who
        && shares
        && !inner.any(DifferenceKind::Contradiction)
        && exclusive(k)
        && exclusive(p);
    let inner_contradiction = inner
        .differences
        .iter()
        .any(|d| d.term == "edition" && d.kind == DifferenceKind::Contradiction);
    found.differences.append(&mut inner.differences);
    let turns = ["cut", "raise", "hold_rates"];
    let opposed = [sk, sp].iter().all(|s| turns.iter().any(|id| s.has(Kind::Verb, id)));
    if opposed && conflicts == [Group::Act] && shares && fine(k) == fine(p) && !inner_contradiction
    {
        return Relation::Disjoint;
    }
    let ends = ["win", "lose"];
    let turned = ends.iter().any(|id| sk.has(Kind::Verb, id) && !sp.has(Kind::Verb, id))
        && [sk, sp].iter().all(|s| ends.iter().any(|id| s.has(Kind::Verb, id)));
    if turned && conflicts == [Group::Act] && shares && !inner_contradiction {
        return Relation::Disjoint;
    }
    let ranked = conflicts == [Group::Degree]
        && [sk, sp].iter().all(|s| s.atoms.iter().any(|a| a.kind == Kind::Rank));
    if ranked && shares && !found.any_but("rank") {
        return Relation::Disjoint;
    }
    // The nominee's win is the party's; whether the person is its nominee is not in the texts. Only parties win seats.
    let of_parties =
        k.has(Kind::Verb, "form") || [k, p].iter().all(|r| r.has(Kind::Rank, "most_seats"));
    let groups = [Group::Office, Group::Contest, Group::Place, Group::Degree];
    let one_race = [rk, rp].iter().all(|r| groups.iter().all(|g| r.of_group(*g).is_empty()));
    if same_event && conflicts == [Group::Who] && !of_parties && one_race && !lower_place(k, p) {
        let who = |mine: &Reading, other: &Reading| {
            let atoms = mine.subject().filter(|a| Group::of(a.kind) == Group::Who);
            let open: Vec<Kind> =
                atoms.filter(|a| other.explains(a) < 0.8).map(|a| a.kind).collect();
            let party = !open.is_empty() && open.iter().all(|k| *k == Kind::Party);
            (party, !open.is_empty() && open.iter().all(|k| *k == Kind::Name))
        };
        match (who(k, p), who(p, k)) {
            ((true, _), (_, true)) => return Relation::Superset,
            ((_, true), (true, _)) => return Relation::Subset,
            _ => {}
        }
    }
    if !same_event {
        return if shares { Relation::Overlap } else { Relation::Unrelated };
    }
    // Who wins one contest says nothing of another: both name theirs behind the verb.
    let prize = |s: &Statement, other: &Reading| {
        let behind = |a: &Atom| a.kind == Kind::Name && s.verb_at.is_some_and(|v| a.at > v);
        s.has(Kind::Verb, "win") && s.atoms.iter().any(|a| behind(a) && other.explains(a) < 0.8)
    };
    if conflicts.contains(&Group::Who) && prize(sk, p) && prize(sp, k) {
        return Relation::Overlap;
    }
    let tied = |s: &Statement| s.has(Kind::Outcome, "tie");
    if k.shared || p.shared || ((tied(sk) || tied(sp)) && (k.tie_goes_to_one || p.tie_goes_to_one))
    {
        return Relation::Overlap;
    }
    Relation::Disjoint
}

/// Whether at most one can be the answer.
pub(super) fn exclusive(s: &Reading) -> bool {
    s.has(Kind::Verb, "win")
        || s.has(Kind::Verb, "form")
        || (s.has(Kind::Verb, "host") && s.has_kind(Kind::Competition))
        || (s.has(Kind::Verb, "nominate") && s.has_kind(Kind::Party))
        || group("rank_of_one").iter().any(|id| s.has(Kind::Rank, id))
}

/// Polymarket's outcomes are two names: which of them is Kalshi's?
pub(super) fn two_sided(
    k: &Reading,
    p: &Reading,
    relation: Relation,
    found: &mut Findings,
) -> Relation {
    let Some([first, second]) = &p.sides else { return relation };
    if p.sides_turned {
        found.add(
            "polarity",
            "",
            "the rules do not pay each name for its own win",
            DifferenceKind::Missing,
        );
    }
    let subject = k.claims.first().or(k.label.as_ref()).or(k.titles.first());
    // A label is all subject.
    let labelled = k.claims.is_empty() && k.label.is_some();
    let who: Vec<&Atom> = subject.map_or_else(Vec::new, |s| {
        if labelled { s.atoms.iter().collect() } else { s.subject().collect() }
    });
    let named = |side: &Statement| {
        let known = |a: &&Atom| who.iter().any(|b| b.kind == a.kind && b.id == a.id);
        side.atoms.iter().filter(known).count()
    };
    // "Chiefs by over 3.5" says nothing of the Bills by over 3.5.
    if let Some(favourite) = p.favourite.as_ref().filter(|favourite| named(favourite) == 0) {
        let who: Vec<&Atom> = favourite.atoms.iter().collect();
        found.add("outcome", "", names(&who), DifferenceKind::Contradiction);
        return meet(relation, Relation::Disjoint);
    }
    let (a, b) = (named(first), named(second));
    match a.cmp(&b) {
        std::cmp::Ordering::Greater => relation,
        std::cmp::Ordering::Less => meet(relation, Relation::Complement),
        std::cmp::Ordering::Equal => {
            found.add("outcome", "", "", DifferenceKind::Missing);
            Relation::Overlap
        }
    }
}
