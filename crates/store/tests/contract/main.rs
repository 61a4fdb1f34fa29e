//! The same contracts, held against SQLite and PostgreSQL.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod accounting;
mod appearances;
mod audit;
mod budgets;
mod consents;
mod crowds;
mod erasure_requests;
mod fixtures;
mod gateways;
mod generations;
mod heritage;
mod histories;
mod holds;
mod link_incidents;
mod link_maintenance;
mod link_policies;
mod links;
mod nas_ranges;
mod outboxes;
mod pseudonyms;
mod purposes;
mod radius_servers;
mod ratings;
mod rivals;
mod schema;
mod send_blocks;
mod setup;
mod sign_in;
mod spending;
mod stays;
mod trips;
mod vouchers;
mod yielding;

/// Runs one contract on both databases.
macro_rules! on_both {
    ($($module:ident :: $name:ident),+ $(,)?) => {
        mod on_sqlite {
            $(#[tokio::test] async fn $name() { crate::$module::$name(store::testing::sqlite().await).await; })+
        }
        mod on_postgres {
            $(#[tokio::test] async fn $name() { crate::$module::$name(store::testing::postgres().await).await; })+
        }
    };
}

on_both![
    setup::what_is_added_is_found_again_and_names_are_taken_once,
    setup::what_is_needed_cannot_be_removed,
    setup::secrets_are_not_in_the_database_in_clear,
    setup::the_key_of_a_controllers_api_is_sealed_and_comes_back,
    setup::the_access_list_of_a_redirect_comes_back,
    setup::an_access_point_is_changed_in_place,
    setup::a_change_that_cannot_be_changes_nothing,
    setup::two_changes_at_the_same_time_both_count,
    setup::a_site_is_changed_in_place,
    setup::a_site_that_was_written_before_it_could_be_shaped_is_read,
    setup::two_changes_of_a_site_at_the_same_time_both_count,
    setup::open_sessions_are_counted_by_the_site_of_their_access_point,
    setup::access_points_behind_one_address_have_each_their_identifier,
    nas_ranges::a_range_is_kept_with_its_secret_sealed,
    nas_ranges::a_sender_keeps_its_first_sighting_and_what_was_decided,
    nas_ranges::senders_that_wait_are_bounded_and_go_with_their_range_or_with_time,
    sign_in::at_most_five_attempts_are_compared_however_many_come_at_once,
    sign_in::the_right_code_wins_once,
    sign_in::a_device_is_let_in_without_a_code_once_however_often_it_asks,
    sign_in::a_code_is_found_by_what_it_is_bound_to_and_wins_its_credential,
    sign_in::a_code_and_its_grant_are_one,
    sign_in::a_code_sent_earlier_stays_good_for_its_own_life,
    sign_in::looking_at_a_link_uses_nothing_up,
    sign_in::a_link_wins_once_and_counts_as_an_attempt,
    sign_in::links_are_kept_only_as_hashes,
    sign_in::another_message_waits_for_its_cooldown,
    sign_in::a_challenge_for_another_number_abandons_the_old_one,
    sign_in::beginnings_at_the_same_time_send_one_message,
    sign_in::no_number_of_beginnings_passes_a_limit,
    sign_in::a_visit_keeps_the_first_and_the_last_of_what_was_refused,
    budgets::each_budget_refuses_at_its_number_and_not_before,
    budgets::who_had_all_messages_of_a_sign_in_waits_before_another,
    budgets::what_others_used_up_begins_without_a_message,
    budgets::what_is_refused_takes_nothing_from_what_all_share,
    budgets::what_nobody_is_sent_takes_from_what_all_share,
    budgets::no_number_of_beginnings_passes_the_limit_of_a_block,
    send_blocks::a_block_mutes_its_target_and_no_other_until_it_ends,
    send_blocks::conversion_is_counted_without_what_may_still_come,
    spending::no_number_of_beginnings_passes_the_money_of_a_day,
    spending::what_could_not_be_written_down_is_given_back,
    spending::what_nobody_is_sent_has_to_be_paid_for_and_costs_nothing,
    spending::another_code_is_paid_for_as_well,
    spending::a_limit_is_changed_while_messages_go,
    spending::what_no_gateway_took_is_given_back_once,
    spending::what_was_spent_is_told_by_site_and_country,
    appearances::a_device_is_known_to_have_been_at_its_site_for_a_while,
    gateways::an_errand_waits_until_it_is_done_and_the_newest_counts,
    gateways::who_was_told_gives_way_to_who_was_not,
    gateways::an_older_report_never_takes_the_place_of_a_newer_one,
    gateways::where_a_device_is_is_what_was_last_said_of_it,
    appearances::servers_that_see_the_same_crowd_do_not_hinder_each_other,
    purposes::a_code_of_one_purpose_is_worthless_for_another,
    purposes::a_hash_is_bound_to_purpose_and_subject,
    purposes::a_report_is_closed_by_its_own_code_once,
    purposes::a_report_code_lives_for_hours_and_has_its_own_attempts,
    purposes::one_challenge_of_a_report_is_open_at_a_time,
    purposes::what_visitors_ask_for_is_counted_together_and_reports_by_themselves,
    purposes::messages_of_940_wait_behind_sign_ins,
    sign_in::the_oldest_device_gives_way,
    sign_in::a_retired_device_is_forgotten_and_ordered_off,
    sign_in::the_same_number_is_the_same_account,
    sign_in::a_device_is_a_stranger_until_something_began_for_it,
    sign_in::a_credential_is_used_once_and_only_in_time,
    sign_in::of_many_uses_each_is_settled_by_itself,
    sign_in::a_credential_wins_once_however_many_servers_use_it_up_together,
    sign_in::a_credential_that_cannot_be_read_spoils_no_other,
    sign_in::of_changes_that_come_together_one_that_fails_spoils_no_other,
    sign_in::an_erased_person_leaves_nothing_behind,
    sign_in::a_device_that_is_somebody_elses_by_now_is_not_erased,
    sign_in::a_person_leaves_also_the_trail_of_a_machine_that_was_down,
    accounting::a_batch_counts_once_even_if_it_is_applied_twice,
    accounting::a_device_that_waits_at_the_portal_has_no_session_and_uses_nothing,
    accounting::usage_reaches_person_grant_and_day,
    accounting::an_applier_goes_by_what_the_database_says,
    accounting::an_hour_that_waited_for_the_database_is_applied_in_order_and_once,
    accounting::a_restarted_access_point_has_no_earlier_sessions,
    accounting::a_silent_session_is_closed_and_comes_back,
    accounting::standing_counts_the_time_since_the_last_report,
    outboxes::an_order_is_written_once_and_claimed_by_one,
    generations::a_later_change_takes_the_place_of_an_earlier_one,
    generations::an_answer_to_an_older_order_settles_nothing_newer,
    generations::who_dies_over_an_order_holds_the_next_up_no_longer_than_its_claim,
    generations::what_was_acknowledged_is_enforced_once_accounting_shows_it,
    generations::who_was_made_to_ask_again_has_the_speed_that_it_was_to_be_given,
    generations::a_disconnect_that_nothing_shows_is_looked_at_again,
    generations::rivals_give_each_order_its_own_number_and_one_change_waits,
    generations::rivals_never_hold_two_orders_about_one_device,
    radius_servers::an_order_is_taken_by_whose_connection_it_is,
    radius_servers::a_server_that_dies_lets_go_of_connections_and_claims,
    radius_servers::a_server_that_lives_on_holds_on_and_one_that_begins_anew_holds_nothing,
    radius_servers::who_connects_is_told_at_once_what_waits,
    radius_servers::two_that_hold_the_same_access_point_take_each_order_once,
    radius_servers::each_try_of_an_order_is_kept_as_long_as_the_order,
    outboxes::a_device_that_gave_way_is_ordered_off,
    outboxes::ending_a_grant_orders_its_sessions_off,
    outboxes::a_message_is_sent_once_and_then_forgotten,
    outboxes::a_message_that_is_put_back_keeps_the_route_that_tries,
    outboxes::another_route_carries_another_code_and_both_are_good,
    outboxes::another_route_carries_the_same_code_where_no_gateway_took_it,
    outboxes::nothing_is_sent_elsewhere_once_nobody_waits_for_it,
    outboxes::receipts_may_come_twice_and_in_any_order,
    outboxes::a_receipt_of_what_nobody_sent_is_not_written,
    outboxes::a_receipt_may_overtake_the_answer_of_its_gateway,
    outboxes::a_missing_receipt_counts_only_where_some_came,
    outboxes::a_message_that_did_not_arrive_is_due_at_once,
    outboxes::what_routes_did_is_counted,
    outboxes::a_code_lives_from_when_the_gateway_took_it,
    outboxes::many_messages_are_accepted_at_once_each_at_its_own_time,
    outboxes::who_begins_a_challenge_may_claim_its_message,
    outboxes::a_receipt_before_the_answer_begins_the_life_of_a_code,
    rivals::signing_in_and_accounting_never_wait_for_each_other,
    rivals::receipts_and_acceptances_of_the_same_messages_never_wait_for_each_other,
    rivals::who_ends_many_messages_at_once_hinders_nobody,
    rivals::two_journals_count_one_session_once,
    rivals::a_batch_begins_with_what_others_left,
    rivals::equal_orders_at_the_same_time_are_written_once,
    rivals::rivals_for_a_device_all_get_an_answer,
    rivals::phones_that_sign_in_at_once_keep_within_the_persons_number,
    rivals::a_right_code_that_comes_many_times_at_once_wins_once,
    rivals::who_stops_waiting_keeps_nobody_waiting,
    accounting::how_an_access_point_names_a_session_is_kept_until_the_person_is_erased,
    accounting::absurd_counters_stop_nobody,
    accounting::a_user_name_with_a_nul_stops_nobody,
    accounting::an_older_copy_of_the_journal_hides_nothing_that_comes_after,
    sign_in::an_erased_persons_session_stays_nameless,
    accounting::what_is_past_its_time_is_pruned_and_what_goes_on_stays,
    accounting::who_was_not_here_for_long_is_unused,
    accounting::a_number_that_was_not_used_for_long_is_somebody_elses,
    stays::a_name_that_is_given_again_is_another_stay_and_nothing_counts_twice,
    yielding::sessions_are_found_by_whether_they_yield_those_that_used_most_first,
    yielding::a_site_was_last_heard_when_any_of_its_open_sessions_was,
    yielding::of_two_who_tell_a_site_of_its_office_the_later_state_stays,
    stays::the_balance_of_octets_is_that_of_the_latest_stays_that_moved_some,
    stays::a_late_report_reaches_the_stay_it_is_about,
    stays::a_device_that_comes_back_after_a_restart_under_its_old_name_is_counted,
    heritage::a_known_person_is_recorded_once_and_nothing_is_overwritten,
    heritage::a_device_that_is_taken_over_is_told_to_everybody,
    heritage::a_past_stay_counts_once_for_who_owns_the_device_or_the_number,
    heritage::a_stay_that_goes_on_is_one_stay_here_and_there,
    histories::what_happened_is_told_without_numbers_and_codes,
    histories::a_session_is_found_by_the_access_points_name_and_a_device_everywhere,
    heritage::sessions_are_read_page_after_page_in_the_order_of_their_beginnings,
    audit::a_change_and_its_link_come_together_or_not_at_all,
    audit::a_code_that_is_asked_for_on_record_is_in_the_log,
    audit::a_changed_or_missing_link_is_found,
    audit::two_processes_make_one_chain,
    audit::persons_are_told_by_account_or_keyed_hash,
    audit::what_was_destroyed_is_told_with_how_much_it_was,
    audit::old_links_go_and_the_chain_says_so,
    audit::the_end_of_the_chain_is_held_by_nobody_who_waits,
    consents::each_purpose_is_its_own_consent,
    consents::what_is_ticked_last_counts,
    consents::a_wording_is_kept_once_and_found_by_its_hash,
    consents::what_is_taken_back_stays_as_proof_and_ends_at_once,
    consents::consents_are_read_person_after_person,
    ratings::a_stay_rates_once_and_leaves_no_name,
    erasure_requests::one_request_of_a_person_is_open_and_erasing_does_it,
    erasure_requests::a_persons_data_is_all_that_is_kept_of_the_person,
    holds::who_is_held_stays_with_all_that_belongs_to_the_person,
    holds::who_is_held_while_being_erased_is_one_or_the_other,
    link_incidents::of_two_that_conclude_from_the_same_one_is_kept,
    link_incidents::incidents_change_end_and_grow_old,
    link_maintenance::work_that_is_planned_at_the_same_time_has_numbers_of_its_own,
    link_maintenance::work_is_changed_by_who_knows_how_it_was_and_goes_when_it_is_old,
    link_maintenance::a_report_is_made_by_one_at_a_time_and_once,
    link_policies::the_last_policy_of_an_office_gives_way_to_newer_ones_alone,
    link_policies::of_policies_that_are_published_together_the_newest_is_the_last,
    links::events_are_kept_once_however_often_they_are_told,
    links::events_are_found_by_a_word_and_when_they_happened,
    links::events_that_are_told_at_the_same_time_are_kept_once,
    links::a_gap_is_refused_unless_the_rest_is_gone,
    links::a_log_that_begins_anew_is_another_and_the_former_goes_on_where_it_was,
    links::a_site_is_known_from_when_it_is_heard_and_as_it_told_last,
    links::longer_spans_lose_and_double_nothing,
    links::spans_that_are_added_up_by_two_at_once_are_right,
    links::what_comes_when_its_neighbours_are_gone_is_added_up_all_the_same,
    links::a_router_whose_clock_was_set_back_has_a_span_once,
    links::seconds_are_kept_beside_their_spans_and_for_a_shorter_time,
    links::a_site_has_no_more_paths_than_it_may_and_what_it_has_goes_on,
    pseudonyms::what_is_over_keeps_its_address_for_its_days_and_a_hash_afterwards,
    pseudonyms::what_has_a_hash_is_found_by_the_address,
    pseudonyms::what_is_not_over_keeps_its_address,
    pseudonyms::who_is_held_keeps_the_address_until_the_release,
    pseudonyms::an_erased_person_leaves_nothing_under_a_hash,
    pseudonyms::a_challenge_that_was_never_answered_keeps_nobody_from_another,
    pseudonyms::a_session_that_was_thought_dead_has_its_address_again,
    pseudonyms::a_round_hashes_the_oldest_and_no_more_than_it_may,
    crowds::who_come_at_once_get_their_own,
    crowds::two_names_of_a_challenge_are_no_second_try,
    crowds::a_person_with_two_devices_spoils_nothing_for_others,
    vouchers::a_voucher_lets_in_so_many_devices_and_no_more,
    vouchers::two_devices_race_for_the_last_place,
    vouchers::a_voucher_is_over_with_its_batch_or_with_its_own_time,
    vouchers::unknown_foreign_and_revoked_codes_have_one_answer,
    vouchers::a_revoked_batch_ends_its_grants,
    vouchers::who_is_let_in_while_a_batch_is_revoked_is_out_afterwards,
    vouchers::the_same_code_again_is_not_another_stay,
    vouchers::codes_are_kept_only_as_hashes,
    vouchers::a_batch_is_added_whole_and_keeps_its_plan_and_site,
    vouchers::an_erased_bearer_leaves_a_voucher_that_is_spent,
    vouchers::a_batch_goes_once_it_is_over_and_nobody_of_it_is_kept,
    schema::migrating_again_changes_nothing,
    schema::another_programs_schema_is_refused,
];

#[tokio::test]
async fn another_process_hears_of_a_change_once() {
    rivals::another_process_hears_of_a_change_once(store::testing::postgres().await).await;
}

#[tokio::test]
async fn many_share_a_commit_of_postgresql() {
    crowds::many_share_a_commit(store::testing::postgres().await).await;
}

#[tokio::test]
async fn who_has_to_wait_for_postgresql_keeps_nobody_else_waiting() {
    crowds::who_has_to_wait_keeps_nobody_else_waiting(store::testing::postgres().await).await;
}

#[tokio::test]
async fn what_nobody_is_sent_takes_the_same_trips_to_postgresql() {
    trips::what_nobody_is_sent_takes_the_same_trips(store::testing::postgres().await).await;
}

#[tokio::test]
async fn a_sign_in_takes_few_trips_to_postgresql() {
    trips::a_sign_in_takes_few_trips(store::testing::postgres().await).await;
}

#[tokio::test]
async fn a_wrong_code_is_told_once_its_attempt_is_on_the_disk_of_postgresql() {
    trips::a_wrong_code_is_told_once_its_attempt_is_on_the_disk(store::testing::postgres().await)
        .await;
}

#[tokio::test]
async fn the_file_of_sqlite_is_for_the_service_alone() {
    schema::the_file_is_for_the_service_alone().await;
}

#[tokio::test]
async fn only_migrating_makes_the_file_of_sqlite() {
    schema::connecting_makes_no_file().await;
}

#[tokio::test]
async fn writing_to_sqlite_is_less_urgent_than_reading() {
    schema::writing_is_less_urgent_than_reading().await;
}
