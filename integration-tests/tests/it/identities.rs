//! As whom AppSync is called is one setting: what the functions do for their callers is the same.

use std::panic::catch_unwind;

use local_cloud::{LocalCloud, Service};

use crate::{
    events, http_api, operations,
    setup::{IDENTITY, Setup},
};

/// Tests of all kinds of events, answers and failures, which other files have.
const TESTS: &[fn()] = &[
    operations::an_order_is_created_changed_read_and_cancelled,
    operations::the_same_client_token_creates_one_order,
    operations::an_id_may_be_an_integer,
    operations::pages_of_orders_do_not_overlap_and_end,
    operations::an_order_that_does_not_exist_is_null,
    operations::a_stale_version_is_a_failed_condition,
    operations::what_appsync_answers_when_it_fails_has_a_stable_error_type_and_is_asked_again_if_it_may_pass,
    operations::a_slow_answer_ends_with_the_invocation_and_not_later,
    operations::a_deadline_from_1970_is_unknown_and_not_over,
    events::a_direct_invocation_gets_what_graphql_answers,
    events::a_step_function_that_tries_again_is_known_by_the_key_in_its_variables,
    events::an_eventbridge_rule_invokes_with_the_detail_of_its_event,
    events::an_event_that_eventbridge_delivers_again_makes_one_order,
    events::scheduler_invokes_with_its_input,
    events::pipes_hands_over_a_list_of_messages_and_gets_back_those_that_failed,
    events::pipes_tries_a_list_without_ids_again_as_a_whole,
    events::sns_invokes_with_its_message,
    events::a_queue_that_a_topic_sends_to_has_messages_or_notifications_in_it,
    events::a_function_url_gets_what_an_http_api_gets,
    events::an_http_request_with_an_idempotency_key_makes_one_order,
    events::whoever_has_no_subject_shares_no_key,
    events::an_event_in_the_body_of_a_request_is_known_by_its_id_and_its_caller,
    events::an_idempotency_key_of_a_request_with_another_body_is_refused,
    events::another_way_to_write_the_same_is_no_other_body,
    events::a_field_that_failed_is_no_sign_of_another_body,
    events::a_key_in_the_variables_of_a_request_counts_more_than_its_header,
    events::an_operation_without_a_place_for_a_key_takes_none,
    events::an_idempotency_key_that_is_none_is_a_bad_request,
    events::data_is_visible_beside_the_errors_of_single_fields,
    events::errors_without_any_data_fail_the_invocation,
    events::an_http_request_gets_the_same_json_as_a_body,
    events::an_http_request_without_an_authorizer_executes_nothing,
    events::over_http_only_those_whom_the_setting_names_act_as_the_service,
    events::a_failure_of_an_http_request_is_a_status_with_the_stable_error_type,
    events::a_client_is_not_told_to_repeat_what_may_have_been_executed,
    events::a_failure_is_told_in_a_few_words,
    events::a_payload_that_nobody_sends_fails_the_invocation,
    events::a_batch_hands_back_the_messages_that_failed_and_no_other,
    events::a_message_that_is_delivered_again_makes_one_order,
    events::a_message_whose_answer_was_lost_is_sent_again_and_makes_one_order,
    events::a_key_in_the_message_counts_more_than_its_id,
    events::messages_of_one_fifo_group_are_executed_in_order_until_one_fails,
    http_api::behind::failures_of_the_order_service_have_a_status_of_their_own,
    http_api::behind::an_answer_that_lambda_would_not_hand_over_is_a_problem,
    http_api::behind::an_answer_comes_before_lambda_ends_the_invocation,
    http_api::behind::a_change_that_may_have_been_made_is_not_asked_for_again,
    http_api::behind::an_order_whose_answer_was_lost_is_made_once,
    http_api::bodies::a_problem_with_the_body_points_to_the_member,
    http_api::bodies::all_that_is_wrong_is_said_at_once,
    http_api::bodies::what_only_the_order_service_can_say_is_its_answer,
    http_api::bodies::members_that_nobody_knows_are_refused,
    http_api::bodies::null_removes_and_absence_leaves,
    http_api::bodies::a_body_that_is_not_json_is_a_bad_request,
    http_api::bodies::a_body_of_another_type_or_size_is_refused,
    http_api::conditional::a_client_that_has_the_order_gets_no_body,
    http_api::conditional::a_change_names_the_version_that_was_read,
    http_api::conditional::a_change_without_a_version_of_ours_is_refused,
    http_api::conditional::an_order_is_cancelled_with_a_reason_or_without_until_it_is_shipped,
];

/// The same of identities that sign in.
const SIGN_INS: &[fn()] = &[
    operations::a_field_that_the_service_user_may_not_use_is_denied_without_a_new_sign_in,
    events::a_batch_in_which_all_succeed_hands_nothing_back,
    http_api::behind::a_failed_sign_in_is_not_the_callers_fault,
];

/// Runs them with this identity.
fn pass_as(identity: &'static str, tests: &[&[fn()]]) {
    IDENTITY.set(identity);
    let failed = tests.iter().copied().flatten().filter(|test| catch_unwind(**test).is_err()).count();
    assert_eq!(failed, 0, "{identity}: see above");
}

#[test]
fn all_of_it_is_the_same_for_a_machine_to_machine_client() {
    pass_as("client-credentials", &[TESTS, SIGN_INS]);
}

#[test]
fn all_of_it_is_the_same_for_a_role_that_iam_lets_in() {
    pass_as("iam", &[TESTS]);
}

#[tokio::test]
async fn a_machine_signs_in_once_at_the_token_endpoint_with_what_a_secret_holds() {
    let t = Setup::start_on(LocalCloud::start().await.unwrap(), &[("IDENTITY", "client-credentials")]).await;
    t.get_order().await.unwrap();
    t.get_order().await.unwrap();
    assert_eq!(
        (t.cloud.count_of("oauth2/token"), t.cloud.count(Service::SecretsManager), t.cloud.count(Service::Ssm)),
        (1, 1, 0)
    );
}

#[tokio::test]
async fn a_role_needs_no_token_and_a_wrong_secret_is_refused() {
    let t = Setup::start_on(LocalCloud::start().await.unwrap(), &[("IDENTITY", "iam")]).await;
    t.get_order().await.unwrap();
    let others = [Service::Cognito, Service::Ssm, Service::SecretsManager].map(|service| t.cloud.count(service));
    assert_eq!(others, [0, 0, 0]);
    for (settings, refusal) in [
        (("AWS_SECRET_ACCESS_KEY", "canary"), "InvalidSignatureException"),
        (("AWS_ACCESS_KEY_ID", "canary"), "UnrecognizedClientException"),
        (("AWS_REGION", "eu-central-1"), "InvalidSignatureException"),
    ] {
        let t = Setup::start_on(LocalCloud::start().await.unwrap(), &[("IDENTITY", "iam"), settings]).await;
        let error = t.get_order().await.unwrap_err();
        assert!(error.error_message.contains(refusal) && !error.error_message.contains("canary"), "{error:?}");
    }
    t.cloud.set_clock_offset(301);
    let error = t.get_order().await.unwrap_err();
    assert!(error.error_message.contains("Signature expired"), "{error:?}");
    t.cloud.set_clock_offset(-299);
    t.get_order().await.unwrap();
}
