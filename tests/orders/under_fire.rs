//! Ten thousand orders while 30 % of the calls fail, connections break, and some references are already used.

use super::fire::Fire;

#[test]
fn ten_thousand_orders_under_fire_execute_exactly_once() {
    let report = Fire { orders: 10_000, threads: 8, percent: 30, is_strict: true }.run().unwrap();
    println!("{report}");
    assert_eq!((report.twice, report.lost, report.mistaken), (0, 0, 0), "{report}");
    // Faults did occur, and most orders succeeded.
    assert!(report.calls > 12_500, "{report}");
    assert!(report.placed > 7_000 && report.resumed > 600 && report.refused > 600, "{report}");
}

#[test]
fn the_run_notices_a_server_that_executes_a_reference_twice() {
    let report = Fire { orders: 200, threads: 4, percent: 30, is_strict: false }.run().unwrap();
    assert!(report.twice > 0, "{report}");
}

#[test]
fn every_order_takes_one_call_without_faults() {
    let report = Fire { orders: 200, threads: 4, percent: 0, is_strict: true }.run().unwrap();
    // The other three calls are two logins and the read of the wallet.
    assert_eq!((report.placed, report.executed, report.calls), (200, 200, 203), "{report}");
}
