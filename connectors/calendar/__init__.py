"""Calendars: iCalendar files (RFC 5545) into events."""
