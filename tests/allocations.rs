//! From payload to assessed and published trade nothing is allocated once a stream has been seen.

use arb_benches::contender::Contender;
use arb_benches::ours::Ours;
use arb_benches::stream::Stream;

#[test]
fn the_second_pass_over_a_stream_allocates_nothing() {
    let stream = Stream::new(100, 20_000);
    let mut pipeline = Ours::new(&stream);
    let mut pass = || {
        // Kalshi's numbering begins anew, as after every connect; that the new connection's books are listed is its price.
        pipeline.reconnect();
        pipeline.frames(&stream.opening);
        let measured = allocation_counter::measure(|| pipeline.frames(&stream.changes));
        (measured, pipeline.tally().published)
    };
    let (_, first) = pass();
    let (measured, second) = pass();
    assert!(first > 50 && second >= 2 * first, "{first} trades, then {second}");
    assert_eq!(measured.count_total, 0, "{measured:?}");
}
