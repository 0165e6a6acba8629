//! The standard rules, cheapest first.

use arb_normalize::{Opportunity, Timestamp, Usd, Venue};
use rust_decimal::Decimal;
use time::{Date, Month, OffsetDateTime, Weekday};

use super::{Failure, Failures, GateInput, Intent, RiskLimits, Rule, TradingState};

/// A rule that is a function.
struct Standard {
    check: fn(&GateInput<'_>, &RiskLimits, &mut Failures),
    binds_reducing: bool,
}

impl Rule for Standard {
    fn check(&self, input: &GateInput<'_>, limits: &RiskLimits, failures: &mut Failures) {
        (self.check)(input, limits, failures);
    }

    fn binds_reducing(&self) -> bool {
        self.binds_reducing
    }
}

const fn always(check: fn(&GateInput<'_>, &RiskLimits, &mut Failures)) -> Standard {
    Standard { check, binds_reducing: true }
}

const fn opening(check: fn(&GateInput<'_>, &RiskLimits, &mut Failures)) -> Standard {
    Standard { check, binds_reducing: false }
}

pub(super) const STANDARD: &[&dyn Rule] = &[
    &always(kill_switch),
    &always(venue_open),
    &opening(pair_confirmed),
    &always(book_live),
    &opening(book_fresh),
    &opening(skew),
    &opening(price_band),
    &opening(gap),
    &opening(edge),
    &opening(after_risk),
    &opening(risk_score),
    &opening(depth),
    &opening(position),
    &opening(shares),
    &opening(unhedged),
    &opening(attempts),
    &always(order_rate),
    &opening(losses),
    &opening(cool_off),
    &opening(reconciliation),
];

fn kill_switch(input: &GateInput<'_>, _: &RiskLimits, failures: &mut Failures) {
    let state = input.switch.state();
    let barred = match state {
        TradingState::Active => false,
        TradingState::ReduceOnly => input.intent == Intent::Open,
        TradingState::Halted => true,
    };
    if barred {
        failures.push(Failure::Switch { state });
    }
}

fn venue_open(input: &GateInput<'_>, _: &RiskLimits, failures: &mut Failures) {
    for (leg, _) in input.legs.iter().enumerate().filter(|(_, state)| !state.open) {
        failures.push(Failure::VenueClosed { leg });
    }
    let at_polymarket = input.opportunity.legs.iter().any(|leg| leg.venue == Venue::Polymarket);
    if at_polymarket && in_restart_window(input.now.into()) {
        failures.push(Failure::Restart { venue: Venue::Polymarket });
    }
}

/// Polymarket's engine restarts on Tuesdays at 07:00 New York time for about 90 seconds; orders are refused (HTTP 425).
/// The window opens 30 seconds early and closes after three minutes.
fn in_restart_window(now: OffsetDateTime) -> bool {
    if now.weekday() != Weekday::Tuesday {
        return false;
    }
    let hour = if is_new_york_summer(now.date()) { 11 } else { 12 };
    let seconds =
        i64::from(now.hour()) * 3_600 + i64::from(now.minute()) * 60 + i64::from(now.second());
    (hour * 3_600 - 30..hour * 3_600 + 180).contains(&seconds)
}

/// Whether New York keeps daylight time at noon UTC: from the second Sunday of March to the first of November.
fn is_new_york_summer(date: Date) -> bool {
    let since_sunday = date.weekday().number_days_from_sunday();
    let last_sunday = i16::from(date.day()) - i16::from(since_sunday);
    match date.month() {
        Month::January | Month::February | Month::December => false,
        Month::March => last_sunday >= 8,
        Month::November => last_sunday < 1,
        _ => true,
    }
}

fn pair_confirmed(input: &GateInput<'_>, limits: &RiskLimits, failures: &mut Failures) {
    match input.pair.confirmed_at {
        None => failures.push(Failure::Unconfirmed {}),
        Some(at) => {
            let days = input.now.since(at).as_secs() / 86_400;
            if days > limits.max_verdict_days {
                failures.push(Failure::Verdict { days, limit: limits.max_verdict_days });
            }
        }
    }
    if input.pair.rules_changed {
        failures.push(Failure::RulesChanged {});
    }
}

fn book_live(input: &GateInput<'_>, _: &RiskLimits, failures: &mut Failures) {
    let (legs, states) = (input.opportunity.legs.len(), input.legs.len());
    if legs != states || legs == 0 {
        failures.push(Failure::Legs { legs, states });
    }
    for (leg, _) in input.legs.iter().enumerate().filter(|(_, state)| !state.live) {
        failures.push(Failure::BookNotLive { leg });
    }
}

fn age_ms(now: Timestamp, at: Timestamp) -> u64 {
    now.nanos_since(at) / 1_000_000
}

/// Milliseconds between two instants, whichever is first. A stamp from the future says that a clock was moved and nothing
/// of the age, so it is as bad as an old one.
fn apart_ms(one: Timestamp, other: Timestamp) -> u64 {
    age_ms(one, other).max(age_ms(other, one))
}

fn book_fresh(input: &GateInput<'_>, limits: &RiskLimits, failures: &mut Failures) {
    let (local, venue) = if input.in_play {
        (limits.max_book_age_in_play_ms, limits.max_venue_age_in_play_ms)
    } else {
        (limits.max_book_age_ms, limits.max_venue_age_ms)
    };
    for (leg, state) in input.legs.iter().enumerate() {
        let age = state.received_at.map(|at| apart_ms(input.now, at));
        if age.is_none_or(|age| age > local) {
            failures.push(Failure::BookAge { leg, age, limit: local });
        }
        if let Some(age) = state.venue_at.map(|at| apart_ms(input.now, at))
            && age > venue
        {
            failures.push(Failure::VenueAge { leg, age, limit: venue });
        }
    }
}

fn skew(input: &GateInput<'_>, limits: &RiskLimits, failures: &mut Failures) {
    let times = || input.legs.iter().filter_map(|state| state.received_at);
    if let (Some(first), Some(last)) = (times().min(), times().max()) {
        let apart = age_ms(last, first);
        if apart > limits.max_skew_ms {
            failures.push(Failure::Skew { apart, limit: limits.max_skew_ms });
        }
    }
}

fn price_band(input: &GateInput<'_>, limits: &RiskLimits, failures: &mut Failures) {
    let (low, high) = (limits.min_price, limits.max_price);
    for (leg, order) in input.opportunity.legs.iter().enumerate() {
        if !(low..=high).contains(&order.limit) {
            failures.push(Failure::PriceBand { leg, limit: order.limit, low, high });
        }
    }
}

const HUNDREDTH_OF_A_CENT: Usd = Usd::from_micros(100);

/// Net dollars a contract, rounded down to 1e-12.
fn per_contract(input: &GateInput<'_>) -> Usd {
    let size = i128::from(input.opportunity.quantity.micros());
    if size == 0 {
        return Usd::ZERO;
    }
    let net = input.opportunity.net_usd.pico().saturating_mul(1_000_000);
    Usd::from_pico(net.div_euclid(size))
}

fn gap(input: &GateInput<'_>, limits: &RiskLimits, failures: &mut Failures) {
    let per_contract = per_contract(input);
    let unusual = input.pair.usual_gap.map(|usual| usual + usual + usual + usual);
    let limit = unusual.map_or(limits.max_gap, |unusual| unusual.min(limits.max_gap));
    if per_contract > limit {
        // Told to a hundredth of a cent, on the side of the limit that it is on.
        let per_contract = per_contract.ceil_to(HUNDREDTH_OF_A_CENT);
        failures.push(Failure::GapTooLarge { per_contract, limit });
    }
}

fn edge(input: &GateInput<'_>, limits: &RiskLimits, failures: &mut Failures) {
    let per_contract = per_contract(input);
    if per_contract < limits.min_edge {
        let per_contract = per_contract.floor_to(HUNDREDTH_OF_A_CENT);
        failures.push(Failure::EdgeTooSmall { per_contract, limit: limits.min_edge });
    }
    let net = input.opportunity.net_usd;
    if net < limits.min_profit {
        failures.push(Failure::ProfitTooSmall { net, limit: limits.min_profit });
    }
}

fn after_risk(input: &GateInput<'_>, limits: &RiskLimits, failures: &mut Failures) {
    let profit = input.assessment.profit_after_risk;
    if !profit.is_positive() {
        failures.push(Failure::AfterRisk { profit });
    }
    if let Some(found) = input.assessment.annualised
        && (found.is_nan() || found < limits.min_annualised)
    {
        failures.push(Failure::Annualised { found, limit: limits.min_annualised });
    }
}

fn risk_score(input: &GateInput<'_>, limits: &RiskLimits, failures: &mut Failures) {
    for failure in &input.assessment.hard_failures {
        failures.push(Failure::Hard { failure: *failure });
    }
    let (found, limit) = (input.assessment.total, limits.max_risk_score);
    if found.is_nan() || limit.is_nan() || found > limit {
        failures.push(Failure::RiskScore { found, limit });
    }
}

fn depth(input: &GateInput<'_>, limits: &RiskLimits, failures: &mut Failures) {
    for (leg, (order, state)) in input.opportunity.legs.iter().zip(input.legs).enumerate() {
        let limit = limits.counted(state.touch, state.depth);
        if order.quantity > limit {
            failures.push(Failure::Depth { leg, quantity: order.quantity, limit });
        }
    }
}

/// Dollars a trade lays out before any comes in: its purchases, and what splitting sets for its sales costs.
fn laid_out(opportunity: &Opportunity) -> Usd {
    let costs: Usd = opportunity.legs.iter().map(|leg| leg.cost_usd).sum();
    let payout = opportunity.gross_usd + costs;
    bought(opportunity, |_| true) + (-payout).max(Usd::ZERO)
}

/// What the purchases at some venues lay out. What sales bring in comes later, if at all.
fn bought(opportunity: &Opportunity, at: impl Fn(Venue) -> bool) -> Usd {
    let legs = opportunity.legs.iter().filter(|leg| at(leg.venue));
    legs.map(|leg| (leg.cost_usd + leg.fee_usd).max(Usd::ZERO)).sum()
}

fn position(input: &GateInput<'_>, limits: &RiskLimits, failures: &mut Failures) {
    let outlay = laid_out(input.opportunity);
    let limit = limits.order_limit_at(per_contract(input));
    if outlay > limit {
        failures.push(Failure::Order { outlay, limit });
    }
    let (held, limit) = (input.account.held_in_pair, limits.max_position_size);
    if outlay + held > limit {
        failures.push(Failure::Position { outlay, held, limit });
    }
    let (held, limit) = (input.account.held_in_event, limits.event_limit());
    if outlay + held > limit {
        failures.push(Failure::Event { outlay, held, limit });
    }
}

/// A share of dollars, rounded down to 1e-12; nothing for a share that is negative or overflows.
fn share_of(whole: Usd, share: Decimal) -> Usd {
    let part = i128::from(whole.pico() > 0)
        * whole.pico().checked_mul(share.mantissa()).unwrap_or(0).max(0);
    Usd::from_pico(10_i128.checked_pow(share.scale()).map_or(0, |scale| part / scale))
}

fn shares(input: &GateInput<'_>, limits: &RiskLimits, failures: &mut Failures) {
    let Some(equity) = input.account.equity else { return };
    let limit = share_of(equity, limits.max_venue_share);
    for venue in Venue::ALL {
        let outlay = bought(input.opportunity, |at| at == venue);
        let held = input.account.held_at[venue.index()];
        if outlay.is_positive() && outlay + held > limit {
            failures.push(Failure::VenueShare { venue, outlay, held, limit });
        }
    }
    let limit = share_of(equity, limits.max_total_share);
    let outlay = laid_out(input.opportunity);
    let held: Usd = input.account.held_at.iter().copied().sum();
    if outlay + held > limit {
        failures.push(Failure::Total { outlay, held, limit });
    }
}

fn unhedged(input: &GateInput<'_>, limits: &RiskLimits, failures: &mut Failures) {
    let held = input.account.unhedged;
    if held > limits.max_unhedged {
        failures.push(Failure::Unhedged { held, limit: limits.max_unhedged });
    }
    if let Some(since) = input.account.unhedged_since {
        let time = apart_ms(input.now, since);
        if time > limits.max_unhedged_ms {
            failures.push(Failure::UnhedgedFor { time, limit: limits.max_unhedged_ms });
        }
    }
}

fn attempts(input: &GateInput<'_>, limits: &RiskLimits, failures: &mut Failures) {
    let made = input.account.attempts;
    if made >= limits.max_attempts {
        failures.push(Failure::Attempts { made, limit: limits.max_attempts });
    }
}

fn order_rate(input: &GateInput<'_>, limits: &RiskLimits, failures: &mut Failures) {
    let limit = limits.max_orders_per_second;
    for venue in Venue::ALL {
        let sent = input.account.orders_last_second[venue.index()];
        let legs = input.opportunity.legs.iter().filter(|leg| leg.venue == venue).count();
        let now = u32::try_from(legs).unwrap_or(u32::MAX);
        if now > 0 && sent.saturating_add(now) > limit {
            failures.push(Failure::OrderRate { venue, last_second: sent, limit });
        }
    }
}

fn losses(input: &GateInput<'_>, limits: &RiskLimits, failures: &mut Failures) {
    let account = input.account;
    if let Some(equity) = account.equity {
        let limit = share_of(equity, limits.max_day_loss);
        let lost = -account.day_profit;
        if lost > limit {
            failures.push(Failure::DayLoss { lost, limit });
        }
        if let Some(peak) = account.peak_equity {
            let limit = share_of(peak, limits.max_drawdown);
            let lost = peak - equity;
            if lost > limit {
                failures.push(Failure::Drawdown { lost, limit });
            }
        }
    }
}

/// The state that the losses of an account ask the kill switch for.
pub(super) fn required_state(account: &super::Account, limits: &RiskLimits) -> TradingState {
    let Some(equity) = account.equity else { return TradingState::Active };
    let drawdown = account.peak_equity.map_or(Usd::ZERO, |peak| peak - equity);
    let beyond = |share| account.peak_equity.is_some_and(|peak| drawdown > share_of(peak, share));
    if beyond(limits.halt_drawdown) {
        TradingState::Halted
    } else if beyond(limits.max_drawdown)
        || -account.day_profit > share_of(equity, limits.max_day_loss)
    {
        TradingState::ReduceOnly
    } else {
        TradingState::Active
    }
}

fn cool_off(input: &GateInput<'_>, limits: &RiskLimits, failures: &mut Failures) {
    let missed = input.account.leg_failures;
    if missed < limits.max_leg_failures {
        return;
    }
    // Without a time the rest has no end that could have come.
    let rested = input.account.last_leg_failure.map_or(0, |at| age_ms(input.now, at));
    if rested < limits.cool_off_ms {
        failures.push(Failure::CoolingOff { failures: missed, left: limits.cool_off_ms - rested });
    }
}

fn reconciliation(input: &GateInput<'_>, _: &RiskLimits, failures: &mut Failures) {
    for venue in Venue::ALL {
        let traded = input.opportunity.legs.iter().any(|leg| leg.venue == venue);
        if traded && input.account.mismatch[venue.index()] {
            failures.push(Failure::Reconciliation { venue });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn the_restart_window_follows_new_york() {
        assert!(in_restart_window(datetime!(2026-07-07 11:00:45 UTC)), "a Tuesday in summer");
        assert!(!in_restart_window(datetime!(2026-07-07 12:00:45 UTC)));
        assert!(!in_restart_window(datetime!(2026-07-08 11:00:45 UTC)), "a Wednesday");
        assert!(in_restart_window(datetime!(2026-12-01 12:00:00 UTC)), "a Tuesday in winter");
        assert!(!in_restart_window(datetime!(2026-12-01 11:59:29 UTC)));
        assert!(in_restart_window(datetime!(2026-12-01 11:59:30 UTC)));
        // The clocks change on 8 March and 1 November 2026.
        for (date, summer) in [
            (datetime!(2026-03-03 0:00 UTC), false),
            (datetime!(2026-03-10 0:00 UTC), true),
            (datetime!(2026-10-27 0:00 UTC), true),
            (datetime!(2026-11-03 0:00 UTC), false),
            (datetime!(2027-03-09 0:00 UTC), false),
            (datetime!(2027-03-16 0:00 UTC), true),
            (datetime!(2027-11-02 0:00 UTC), true),
            (datetime!(2027-11-09 0:00 UTC), false),
        ] {
            assert_eq!(is_new_york_summer(date.date()), summer, "{date}");
        }
    }

    #[test]
    fn shares_are_exact_and_never_negative() {
        let part = |share: &str| share_of("1000.01".parse().unwrap(), share.parse().unwrap());
        assert_eq!(part("0.5"), "500.005".parse().unwrap());
        assert_eq!(part("-1"), Usd::ZERO);
        assert_eq!(share_of(-Usd::DOLLAR, Decimal::ONE), Usd::ZERO);
    }
}
