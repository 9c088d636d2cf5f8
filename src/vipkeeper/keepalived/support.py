"""Keywords of keepalived that vipkeeper knows but does not carry out, and what that means.

Every keyword of keepalived 2.2.7 and 2.4 that no other table of this package reads is here, so that
"unknown" means misspelt. The severity says what is lost: REFUSED, the instance would behave
otherwise than the file says and is not run; WARNING, it runs without that feature; NOTE, nothing
that other routers or clients could see is different.
"""

from __future__ import annotations

from dataclasses import dataclass

from vipkeeper.keepalived.blocks import Statement
from vipkeeper.keepalived.finding import Severity
from vipkeeper.keepalived.report import Report

OUT_OF_SCOPE = "out-of-scope"


@dataclass(frozen=True, slots=True)
class Absent:
    """What becomes of a keyword: ``consequence`` completes "'x' has no effect yet: ..."."""

    severity: Severity
    consequence: str
    code: str = "not-yet-supported"

    def message(self, keyword: str, instance: str) -> str:
        if self.code == OUT_OF_SCOPE:
            return f"'{keyword}' is skipped: {self.consequence}"
        if self.severity is not Severity.ERROR:
            return f"'{keyword}' has no effect yet: {self.consequence}"
        unused = "the instance" if instance else "this file"
        return f"'{keyword}' is not supported yet: {self.consequence}, so {unused} is not run"


def _absent(severity: Severity, consequence: str, *keywords: str) -> dict[str, Absent]:
    return dict.fromkeys(keywords, Absent(severity, consequence))


def _out_of_scope(severity: Severity, *keywords: str) -> dict[str, Absent]:
    consequence = "load balancing (LVS) is not part of vipkeeper"
    return dict.fromkeys(keywords, Absent(severity, consequence, OUT_OF_SCOPE))


_ERROR, _WARNING, _NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE

_NO_MAIL = "no mail is sent"
_NO_SCHEDULING = "vipkeeperd chooses its own scheduling"
_NO_BUFFERS = "vipkeeperd chooses its own buffers"
_NO_SNMP = "there is no SNMP agent"
_NO_DBUS = "there is no D-Bus service"
_OWN_FIREWALL = "no_accept is carried out by nftables, in a table of vipkeeperd's own"
_NO_FIFO = "nothing is written to a FIFO"
_NO_DUMP = "state is asked for with 'vipkeeper status --json'"
_NO_BFD = "BFD is not spoken"
_NO_TRACKING = "its state does not change a priority or cause FAULT"

ROOT = {
    **_absent(_ERROR, "vipkeeperd runs in the network namespace that it is started in",
              "net_namespace"),
    **_absent(_NOTE, "there are no pid files of that name", "instance", "use_pid_dir"),
    **_absent(_NOTE, "vipkeeperd waits for its own processes as long as it needs",
              "child_wait_time"),
    **_absent(_WARNING, "link state is what the kernel reports", "linkbeat_use_polling",
              "linkbeat_interfaces", "interface_up_down_delays"),
    **_absent(_WARNING, "gratuitous ARPs are not spaced for a group of interfaces", "garp_group"),
    **_absent(_WARNING, "static addresses, routes and rules are not set", "static_ipaddress",
              "static_routes", "static_rules", "track_group"),
    **_absent(_WARNING, _NO_TRACKING, "vrrp_track_process", "vrrp_track_file", "track_file"),
    **_absent(_WARNING, "it is not run", "vrrp_script"),
    **_absent(_WARNING, "its members change state each on its own", "vrrp_sync_group"),
    **_absent(_WARNING, _NO_BFD, "bfd_instance"),
    **_out_of_scope(_WARNING, "virtual_server", "virtual_server_group", "SSL",
              "net_namespace_ipvs", "namespace_with_ipsets"),
}  # fmt: skip

GLOBAL_DEFS = {
    **_absent(_NOTE, _NO_MAIL, "notification_email", "notification_email_from", "smtp_server",
              "smtp_helo_name", "smtp_connect_timeout", "smtp_alert", "smtp_alert_vrrp",
              "smtp_alert_checker", "no_email_faults", "no_checker_emails"),
    **_absent(_NOTE, "processes keep their names", "process_names", "process_name",
              "vrrp_process_name", "checker_process_name", "lvs_process_name", "bfd_process_name"),
    **_absent(_NOTE, "vipkeeperd writes no such files", "umask", "state_dump_file",
              "stats_dump_file", "json_dump_file", "config_save_dir", "tmp_config_directory",
              "data_use_instance"),
    **_absent(_NOTE, _NO_DUMP, "json_version"),
    **_absent(_NOTE, "nothing is random", "random_seed"),
    **_absent(_NOTE, "scripts' paths are used as written", "use_symlink_paths",
              "set_supplementary_groups"),
    **_absent(_WARNING, "it is not run", "startup_script", "startup_script_timeout",
              "shutdown_script", "shutdown_script_timeout"),
    **_absent(_WARNING, _NO_FIFO, "notify_fifo", "notify_fifo_script", "vrrp_notify_fifo",
              "vrrp_notify_fifo_script", "vrrp_notify_priority_changes",
              "fifo_write_vrrp_states_on_reload", "lvs_notify_fifo", "lvs_notify_fifo_script"),
    **_absent(_NOTE, "there are no static addresses", "default_interface"),
    **_absent(_WARNING, "it is not applied", "vrrp_min_garp", "vrrp_garp_extra_if",
              "vrrp_vmac_garp_intvl",
              "vrrp_startup_delay", "vrrp_delay_after_boot", "disable_local_igmp"),
    **_absent(_NOTE, "virtual addresses on other interfaces have no virtual MAC address",
              "vmac_addr_prefix"),
    **_absent(_NOTE, "adverts of unknown VRIDs are counted, not logged", "log_unknown_vrids"),
    **_absent(_NOTE, _OWN_FIREWALL, "vrrp_iptables", "vrrp_ipsets", "nftables",
              "nftables_priority", "nftables_counters", "nftables_ifindex"),
    **_absent(_NOTE, _NO_SCHEDULING, "vrrp_priority", "vrrp_no_swap", "vrrp_cpu_affinity",
              "vrrp_rt_priority", "vrrp_rlimit_rttime", "vrrp_rlimit_rtime", "max_auto_priority",
              "min_auto_priority_delay", "bfd_priority", "bfd_no_swap", "bfd_cpu_affinity",
              "bfd_rt_priority", "bfd_rlimit_rttime", "bfd_rlimit_rtime"),
    **_absent(_NOTE, _NO_BUFFERS, "vrrp_rx_bufs_policy", "vrrp_rx_bufs_multiplier",
              "vrrp_netlink_cmd_rcv_bufs", "vrrp_netlink_cmd_rcv_bufs_force",
              "vrrp_netlink_monitor_rcv_bufs", "vrrp_netlink_monitor_rcv_bufs_force",
              "process_monitor_rcv_bufs", "process_monitor_rcv_bufs_force"),
    **_absent(_NOTE, "a reload always checks the new configuration first", "reload_check_config"),
    **_absent(_WARNING, "a reload happens on SIGHUP only", "reload_time_file", "reload_repeat",
              "reload_file"),
    **_absent(_NOTE, "a missing include is reported as 'include' says", "include_check"),
    **_absent(_WARNING, _NO_SNMP, "snmp_socket", "enable_snmp_keepalived", "enable_snmp_vrrp",
              "enable_snmp_checker", "enable_snmp_rfc", "enable_snmp_rfcv2", "enable_snmp_rfcv3",
              "enable_traps"),
    **_absent(_WARNING, _NO_DBUS, "enable_dbus", "dbus_service_name", "dbus_no_interface_name"),
    **_absent(_NOTE, "names of routing tables are not used", "iproute_usr_dir", "iproute_etc_dir"),
    **_out_of_scope(_WARNING, "lvs_sync_daemon", "lvs_flush", "lvs_flush_on_stop",
              "lvs_flush_onstop", "lvs_timeouts", "checker_log_all_failures",
              "checker_priority", "checker_no_swap", "checker_cpu_affinity", "checker_rt_priority",
              "checker_rlimit_rttime", "checker_rlimit_rtime", "lvs_netlink_cmd_rcv_bufs",
              "lvs_netlink_cmd_rcv_bufs_force", "lvs_netlink_monitor_rcv_bufs",
              "lvs_netlink_monitor_rcv_bufs_force", "rs_init_notifies", "nftables_ipvs",
              "nftables_ipvs_priority", "nftables_ipvs_start_fwmark"),
}  # fmt: skip

INSTANCE = {
    **_absent(_ERROR, "addresses on other interfaces keep those interfaces' MAC addresses",
              "use_vmac_addr"),
    **_absent(_ERROR, "no ipvlan interface is made", "use_ipvlan"),
    **_absent(_WARNING, "the checksum is always that of the packet's own addresses",
              "old_unicast_checksum"),
    **_absent(_ERROR, "adverts are signed with PASS or not at all", "auth_hmac"),
    **_absent(_ERROR, "the instance runs in the VRF of its interface", "vrf"),
    **_absent(_WARNING, "routes and rules do not move with the address", "virtual_routes",
              "virtual_rules"),
    **_absent(_WARNING, _NO_TRACKING, "track_script", "track_process", "track_file",
              "vrrp_track_file", "track_bfd"),
    **_absent(_WARNING, "it is not applied", "garp_extra_if", "vmac_garp_intvl",
              "vrrp_vmac_garp_intvl", "timer_expired_backup", "thread_timer_expired",
              "promote_secondaries"),
    **_absent(_ERROR, "an advert carries at least one address", "no_virtual_ipaddress"),
    **_absent(_WARNING, "link state is what the kernel reports", "linkbeat_use_polling"),
    **_absent(_WARNING, _NO_FIFO, "notify_priority_changes"),
    **_absent(_NOTE, _NO_MAIL, "smtp_alert"),
    **_absent(_NOTE, _NO_BUFFERS, "kernel_rx_buf_size"),
    **_absent(_NOTE, "logging is set on the command line", "debug"),
    **_out_of_scope(_NOTE, "lvs_sync_daemon_interface"),
    **_absent(_NOTE, "the family follows from the addresses", "native_ipv6"),
}  # fmt: skip

SYNC_GROUP = {
    **_absent(_WARNING, _NO_TRACKING, "track_interface", "track_script", "track_file",
              "vrrp_track_file", "track_process", "track_bfd", "sync_group_tracking_weight",
              "global_tracking"),
    **_absent(_NOTE, _NO_MAIL, "smtp_alert"),
    **_absent(_WARNING, _NO_FIFO, "notify_priority_changes"),
}  # fmt: skip


def report_absent(table: dict[str, Absent], statement: Statement, report: Report) -> bool:
    """Report ``statement`` if ``table`` has its keyword; say whether it has."""
    absent = table.get(statement.keyword)
    if absent is None:
        return False
    add = {_ERROR: report.error, _WARNING: report.warning, _NOTE: report.note}[absent.severity]
    add(statement.words[0], absent.code, absent.message(statement.keyword, report.instance))
    return True
