//! The main job end to end over real sockets: everything planted is found, nothing else.

use clap::Parser as _;
use scan_app::args::Args;
use scan_app::live;
use scan_app::settings::Settings;

#[test]
fn everything_planted_is_found_and_nothing_else() {
    let args = Args::try_parse_from(["scan", "--for", "6s"]).unwrap();
    let settings = Settings::read_from(&args, &|_| None).unwrap();
    // `run` fails when a planted opportunity was missed or one was seen that was not there.
    if let Err(failure) = live::run(&args, &settings) {
        panic!("{}", failure.message);
    }
}

#[test]
fn the_real_venues_want_a_key_before_anything_starts() {
    let args = Args::try_parse_from(["scan", "--live"]).unwrap();
    let settings = Settings::read_from(&args, &|_| None).unwrap();
    let failure = live::run(&args, &settings).unwrap_err();
    assert_eq!(failure.code, 2);
    assert!(failure.message.contains("KALSHI_KEY_ID"), "{}", failure.message);
}
